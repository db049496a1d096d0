"""HUB220: ModelScope's other site is asked only where this one is bad, and named only where it helps."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from qtune.core.envpatch import EnvPatch
from qtune.doctor.facts import Known, Sibling, Stage, Unknown
from qtune.doctor.finding import Applicability, Severity
from qtune.doctor.probes import sibling
from qtune.doctor.rules.hub import hub220
from tests.doctor.build import HF, MS, healthy, road, speed
from tests.doctor.examining import Machine, at_home, codes, only
from tests.doctor.probes.looking import looking, source
from tests.hub import Fault, Kind, official, worlds

ALONE = "QTUNE_FALLBACK=False"
ABROAD = "www.modelscope.ai"
PATCH = EnvPatch({"MODELSCOPE_ENDPOINT": f"https://{ABROAD}"})


@pytest.fixture
def way(tmp_path: Path) -> Iterator[Machine]:
    """Both sites of ModelScope, behind a proxy that knows where they are."""
    with at_home(tmp_path) as machine:
        assert machine.proxy is not None
        machine.proxy.routes[ABROAD] = machine.proxy.routes["modelscope.cn"]
        machine.env(ALONE)
        yield machine


def cut_off(machine: Machine, host: str = "modelscope.cn") -> None:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        closed = sock.getsockname()[1]
    assert machine.proxy is not None
    machine.proxy.routes[host] = f"127.0.0.1:{closed}"


def asked(machine: Machine, host: str = ABROAD) -> bool:
    assert machine.proxy is not None
    return any(host in request.raw_path for request in machine.proxy.requests)


@pytest.mark.triggers("HUB220")
def test_the_other_site_is_named_where_this_one_cannot_be_reached(way: Machine) -> None:
    cut_off(way)
    report = way.examine(MODELSCOPE_API_TOKEN=worlds.MODELSCOPE)
    finding = only(report, "HUB220")
    assert finding.severity is Severity.WARNING
    assert f"{ABROAD} answers from here and has {worlds.QWEN}" in finding.message.en
    assert finding.because in codes(report)
    fix = finding.fix
    assert fix is not None and fix.applicability is Applicability.UNSAFE
    assert fix.patch == PATCH
    assert "your token does not count" in fix.title.en
    assert way.hub.carrying(worlds.MODELSCOPE) == set(), (
        "an account of the one is none of the other"
    )


def test_with_the_setting_the_model_is_found(way: Machine) -> None:
    cut_off(way)
    way.env(ALONE, f"MODELSCOPE_ENDPOINT=https://{ABROAD}")
    assert codes(way.examine()) == []


@pytest.mark.spares("HUB220")
@pytest.mark.parametrize("speeds", [False, True])
def test_the_other_site_is_not_asked_while_this_one_works(way: Machine, speeds: bool) -> None:
    assert codes(way.examine(speed=speeds)) == []
    assert not asked(way)


@pytest.mark.spares("HUB220")
def test_where_hugging_face_serves_no_second_site_is_needed(way: Machine) -> None:
    way.env()
    cut_off(way)
    assert "HUB220" not in codes(way.examine())


@pytest.mark.parametrize("model", ["nobody/nothing", worlds.PRIVATE])
def test_a_site_without_the_model_is_no_help(way: Machine, model: str) -> None:
    cut_off(way)
    assert "HUB220" not in codes(way.examine(model))
    assert asked(way)


def test_two_sites_out_of_reach_are_no_finding_more(way: Machine) -> None:
    cut_off(way)
    cut_off(way, ABROAD)
    assert "HUB220" not in codes(way.examine())


@pytest.mark.parametrize("kind", [Kind.REFUSED, Kind.HANGUP])
def test_what_both_sites_share_is_no_reason_to_ask(way: Machine, kind: Kind) -> None:
    assert way.proxy is not None
    way.proxy.fault(Fault(kind))
    assert codes(way.examine()) == ["NET106"]
    assert not asked(way)


def test_another_address_of_the_users_own_has_no_sibling(way: Machine) -> None:
    report = way.examine(MODELSCOPE_ENDPOINT=way.hub.ms_url, HTTPS_PROXY="")
    fact = report.facts.sibling["modelscope"]
    assert isinstance(fact, Unknown) and fact.reason == "needless"


def test_where_this_site_is_slow_the_other_is_measured(way: Machine) -> None:
    way.hub.change(repos=[worlds.qwen3(400_000)])
    crawling = speed("cdn.modelscope.cn", 0.05)
    with looking(way.project, way.environ) as context:
        seen = replace(healthy(sources=(MS,)), speed={"modelscope": Known(crawling)})
        fact = sibling.probe(context, source(context, "modelscope"), seen)
    assert isinstance(fact, Known), fact
    assert fact.value.endpoint == f"https://{ABROAD}"
    assert fact.value.has_model
    assert fact.value.speed is not None and fact.value.speed.ok
    judged = replace(seen, sibling={"modelscope": fact})
    (finding,) = hub220.RULE.judge(judged)
    assert finding.because == "HUB207"
    assert f"other site {ABROAD}" in finding.message.en and "instead of" in finding.message.en


@pytest.mark.parametrize(
    ("fact", "told"),
    [
        (Sibling(f"https://{ABROAD}", True, True, speed("x", 9.0)), True),
        (Sibling(f"https://{ABROAD}", True, True, speed("x", 0.06)), False),
        (Sibling(f"https://{ABROAD}", True, True, speed("x", 0.0)), False),
        (Sibling(f"https://{ABROAD}", True, True), False),
        (Sibling(f"https://{ABROAD}", True, False, speed("x", 9.0)), False),
        (Sibling(f"https://{ABROAD}", False), False),
    ],
)
def test_only_a_site_that_is_clearly_faster_is_named(fact: Sibling, told: bool) -> None:
    facts = replace(
        healthy(sources=(MS,)),
        speed={"modelscope": Known(speed("cdn.modelscope.cn", 0.05))},
        sibling={"modelscope": Known(fact)},
    )
    assert bool([*hub220.RULE.judge(facts)]) is told


def test_a_hub_that_serves_instead_makes_the_site_superfluous() -> None:
    dead = Stage("tcp", False, 3000, "timeout")
    down = road("modelscope.cn", stages=(Stage("dns", True, 5), dead))
    facts = healthy(sources=(MS, HF))
    facts = replace(
        facts,
        reach={**facts.reach, "modelscope": Known(down)},
        sibling={"modelscope": Known(Sibling(f"https://{ABROAD}", True, True))},
    )
    assert [*hub220.RULE.judge(facts)] == []
    (finding,) = hub220.RULE.judge(replace(facts, sources=(MS,)))
    assert finding.because == "NET102"


def test_the_official_names_are_those_that_the_tests_route() -> None:
    assert official.URLS["ms"] == sibling.CHINA
