"""Whatever is planted in the inputs of the probes, no fact holds it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from qtune.core.sources import Source
from qtune.doctor.checks import FAMILIES, Check, put
from qtune.doctor.context import Context
from qtune.doctor.facts import Facts, Known, Unknown
from tests.doctor.probes.looking import NOTHING, at, looking
from tests.hub import Fault, Hub, Proxy, worlds

ENVIRON_TOKEN = "hf_" + "EnvironCanary" * 3
FILE_TOKEN = "hf_" + "TokenFileCanary" * 3
PROJECT_TOKEN = "hf_" + "ProjectCanary" * 3
MODELSCOPE_TOKEN = worlds.MODELSCOPE
PASSWORD = "proxy-canary-password"
OTHER = "other-canary-0123456789"
PLANTED = (ENVIRON_TOKEN, FILE_TOKEN, PROJECT_TOKEN, MODELSCOPE_TOKEN, PASSWORD, OTHER)


def every_fact(context: Context) -> Facts:
    """Each probe once, along the road, whatever became of the one before."""
    facts = NOTHING
    for family in FAMILIES.values():
        if family.name == "torch":
            continue  # takes seconds; its own test plants a token in the environment
        if family.look is not None:
            check = Check(family, "", family.look, ())
            facts = put(facts, check, family.look(context, facts))
        elif family.look_at_hub is not None:
            for source in context.sources:
                fact = family.look_at_hub(context, source, facts)
                facts = put(facts, Check(family, source.name, _never, ()), fact)
    return facts


def _never(context: Context, seen: Facts) -> Unknown:
    raise AssertionError("put only wants to know where the fact belongs")


def plant(root: Path, home: Path, hub: Hub, proxy: Proxy) -> dict[str, str]:
    (root / ".env").write_text(
        f"HF_TOKEN={PROJECT_TOKEN}\nOPENAI_API_KEY={OTHER}\nHF_TOKKEN={PROJECT_TOKEN}\n"
    )
    login = home / ".cache/huggingface/token"
    login.parent.mkdir(parents=True)
    login.write_text(FILE_TOKEN)
    return at(
        hub,
        HF_TOKEN=ENVIRON_TOKEN,
        MODELSCOPE_API_TOKEN=MODELSCOPE_TOKEN,
        HTTP_PROXY=proxy.url_with_login,
        QTUNE_MIRRORS="http://127.0.0.1:1",
    )


def assert_clean(facts: Facts) -> None:
    told = repr(facts)
    for secret in PLANTED:
        assert secret not in told
        assert secret[3:25] not in told
    assert "Signature=" not in told
    for row in (facts.reach, facts.listing, facts.gate, facts.storage, facts.speed):
        for fact in row.values():
            assert not (isinstance(fact, Unknown) and fact.reason == "crashed"), fact


def test_no_fact_holds_a_secret(hub: Hub, tmp_path: Path, home: Path) -> None:
    with Proxy(("me", PASSWORD)) as proxy:
        environ = plant(tmp_path, home, hub, proxy)
        with looking(tmp_path, environ) as context:
            facts = every_fact(context)
        assert isinstance(facts.reach["modelscope"], Known)
        assert facts.reach["modelscope"].value.ok  # the road was really walked, with the password
        assert_clean(facts)
        # A token may go through the proxy, in plain http; the storage hosts get none.
        for secret in (ENVIRON_TOKEN, FILE_TOKEN, PROJECT_TOKEN):
            assert hub.carrying(secret) <= {"hf"}
        assert hub.carrying(MODELSCOPE_TOKEN) <= {"ms"}
        assert hub.carrying(PASSWORD) == set()


def test_no_fact_repeats_a_secret_that_a_server_sends_back(
    hub: Hub, tmp_path: Path, home: Path
) -> None:
    body = f'{{"error": "no such token: {ENVIRON_TOKEN} {PASSWORD}"}}'.encode()
    echo = {
        "X-Error-Message": f"token {ENVIRON_TOKEN}",
        "Location": f"http://{OTHER}@x/?Signature={OTHER}",
        "Content-Type": "application/json",
    }
    with Proxy(("me", PASSWORD)) as proxy:
        environ = plant(tmp_path, home, hub, proxy)
        for status in (401, 403, 302, 500):
            fault = hub.fault(Fault("status", status=status, headers=echo, body=body))
            with looking(tmp_path, environ) as context:
                assert_clean(every_fact(context))
            hub.lift(fault)


def test_the_road_never_carries_a_token(hub: Hub, tmp_path: Path) -> None:
    environ = at(hub, HF_TOKEN=worlds.GOOD, MODELSCOPE_API_TOKEN=worlds.MODELSCOPE)
    with looking(tmp_path, environ) as context:
        facts = NOTHING
        for source in context.sources:
            fact = _look("listing", context, source, facts)
            facts = replace(facts, listing={**facts.listing, source.name: fact})
        hub.forget()
        for source in context.sources:
            _look("reach", context, source, facts)
            _look("tokens", context, source, facts)
        assert all(request.authorization is None for request in hub.requests)
        assert len(hub.requests) == 2


def _look(name: str, context: Context, source: Source, facts: Facts) -> Any:
    look = FAMILIES[name].look_at_hub
    assert look is not None
    return look(context, source, facts)
