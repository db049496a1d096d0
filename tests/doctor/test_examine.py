"""From findings to a report: the first cause first, what follows from it behind, and what was left out said."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qtune.core.envfile import parse
from qtune.core.errors import UsageError
from qtune.core.http import open_client
from qtune.core.settings import resolve
from qtune.core.sources import candidates
from qtune.core.text import plain
from qtune.doctor.checks import FAMILIES
from qtune.doctor.context import Context
from qtune.doctor.examine import (
    Options,
    before,
    examine,
    ordered,
    rejudge,
    selected,
    states,
)
from qtune.doctor.facts import Facts, Goal, Unknown
from qtune.doctor.finding import Finding, Severity
from qtune.doctor.rules import RULES
from qtune.doctor.schedule import Limits
from tests.doctor.build import healthy
from tests.hub import Fault, Hub, worlds

E, W, I = Severity.ERROR, Severity.WARNING, Severity.INFO  # noqa: E741


def finding(
    code: str, severity: Severity = E, because: str | None = None, source: str = ""
) -> Finding:
    return Finding(code, severity, plain(f"{code} {source}"), because=because, source=source)


def shape(findings: Iterable[Finding]) -> list[tuple[str, str | None]]:
    return [(one.code, one.because) for one in ordered(findings)]


# --- order ----------------------------------------------------------------------------------------


def test_errors_come_first_and_then_the_order_of_the_road() -> None:
    found = [
        finding("ENV806", W),
        finding("GATE401"),
        finding("NET101"),
        finding("TOK300", I),
        finding("HUB204"),
        finding("GPU504", W),
    ]
    expected = ["NET101", "HUB204", "GATE401", "GPU504", "ENV806", "TOK300"]
    for some in itertools.permutations(found):
        assert [code for code, _ in shape(some)] == expected


def test_what_follows_from_a_cause_stands_behind_it_however_grave() -> None:
    found = [
        finding("GATE401"),
        finding("HUB200", E, because="NET101"),
        finding("TOK303", E, because="HUB200"),
        finding("NET101", W),
        finding("DSK600"),
    ]
    assert shape(found) == [
        ("GATE401", None),
        ("DSK600", None),
        ("NET101", None),
        ("HUB200", "NET101"),
        ("TOK303", "HUB200"),
    ]


def test_a_cause_that_is_not_there_is_not_named() -> None:
    assert shape([finding("HUB200", because="NET101")]) == [("HUB200", None)]
    assert shape([finding("HUB200", because="HUB200")]) == [("HUB200", None)]


@pytest.mark.parametrize("length", [2, 3, 5])
def test_findings_that_name_each_other_in_a_circle_have_a_first_cause(length: int) -> None:
    codes = [rule.code for rule in RULES[:length]]
    found = [finding(code, because=codes[(place - 1) % length]) for place, code in enumerate(codes)]
    told = shape(found)
    assert told[0] == (codes[0], None), "a report prints what has no cause, and under it the rest"
    assert sorted(code for code, _ in told) == sorted(codes)
    assert [because for _, because in told[1:]] == [code for code, _ in told[:-1]]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["NET101", "HUB200", "TOK303", "GATE401", "XYZ999"]),
            st.sampled_from([E, W, I]),
            st.sampled_from([None, "NET101", "HUB200", "TOK303", "GATE401", "NET999"]),
            st.sampled_from(["", "huggingface", "modelscope"]),
        ),
        max_size=8,
        unique=True,
    )
)
def test_nothing_is_lost_or_told_twice_and_every_cause_stands_before(
    rows: list[tuple[str, Severity, str | None, str]],
) -> None:
    found = [finding(*row) for row in rows]
    told = ordered(found)
    assert len(told) == len(found)
    assert sorted((one.code, one.severity, one.source) for one in told) == sorted(
        (one.code, one.severity, one.source) for one in found
    )
    seen: set[str] = set()
    for one in told:
        assert one.because is None or one.because in seen
        seen.add(one.code)
    roots = [one for one in told if one.because is None]
    assert bool(roots) is bool(told)


# --- which rules ------------------------------------------------------------------------------------


def codes(only: tuple[str, ...] = (), skip: tuple[str, ...] = ()) -> set[str]:
    return {rule.code for rule in selected(Options(only, skip), "train")}


ALL = codes()


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (("TOK303",), {"TOK303"}),
        (("tok303",), {"TOK303"}),
        (("tok",), {code for code in ALL if code.startswith("TOK")}),
        (("TOK*",), {code for code in ALL if code.startswith("TOK")}),
        (("gate", "NET101"), {code for code in ALL if code.startswith("GATE")} | {"NET101"}),
        (("hf-api",), {"HUB200"}),
        (("speed",), {r.code for r in RULES if "speed" in r.needs and r.code in ALL}),
        (("disk",), {r.code for r in RULES if "disk" in r.needs and r.code in ALL}),
    ],
)
def test_codes_prefixes_names_and_kinds_of_checks(
    names: tuple[str, ...], expected: set[str]
) -> None:
    assert expected
    assert codes(only=names) == expected
    assert codes(skip=names) == ALL - expected
    assert codes(only=names, skip=names) == set()


@pytest.mark.parametrize(
    "name", ["TOK999", "XYZ", "", "*", "to", "speeed", "reach.huggingface", "NET 101"]
)
@pytest.mark.parametrize("option", ["only", "skip"])
def test_a_name_that_is_none_is_refused(name: str, option: str) -> None:
    with pytest.raises(UsageError) as raised:
        selected(Options(**{option: (name,)}), "train")  # type: ignore[arg-type]
    assert (raised.value.code, raised.value.exit_code) == ("CFG090", 2)
    assert repr(name) in raised.value.message.en


def test_only_the_rules_of_the_goal_are_asked() -> None:
    for goal in ("download", "train", "push"):
        for rule in selected(Options(), goal):
            assert goal in rule.goals
    assert len(selected(Options(), "download")) < len(selected(Options(), "train"))


def test_what_was_left_out_is_said() -> None:
    told = rejudge(healthy(), Options(skip=("tok", "GATE401")))
    assert set(told.suppressed) == {r.code for r in RULES if r.code.startswith("TOK")} | {"GATE401"}
    assert list(told.suppressed) == sorted(told.suppressed)


# --- how each check went ----------------------------------------------------------------------------


def row(facts: Facts, name: str, *findings: Finding) -> tuple[str, str | None, str]:
    (found,) = [one for one in states(facts, findings, RULES) if one.check == name]
    return found.state, found.because, found.reason


def skipped(facts: Facts, source: str = "huggingface") -> Facts:
    """The road ends at reach; everything behind it waits for the one before."""
    waits = {
        "identity": "reach",
        "listing": "reach",
        "gate": "reach",
        "storage": "listing",
        "speed": "storage",
    }
    for family, need in waits.items():
        fact = Unknown("skipped", f"{need}.{source}")
        facts = replace(facts, **{family: {**getattr(facts, family), source: fact}})  # type: ignore[arg-type]
    return facts


def test_a_skipped_check_names_the_finding_behind_the_whole_chain() -> None:
    facts = skipped(healthy())
    cause = finding("NET101", source="huggingface")
    for family in ("listing", "gate", "storage", "speed"):
        assert row(facts, f"{family}.huggingface", cause)[:2] == ("skipped", "NET101")
    assert row(facts, "speed.huggingface")[:2] == ("skipped", None)
    assert row(facts, "speed.huggingface")[2] == "storage.huggingface"


def test_the_finding_of_another_hub_is_no_reason() -> None:
    facts = skipped(healthy())
    cause = finding("NET101", source="modelscope")
    assert row(facts, "speed.huggingface", cause)[:2] == ("skipped", None)


def test_every_way_a_check_can_end_is_told_apart() -> None:
    facts = healthy(
        disk=Unknown("timeout", "timed out after 5 s", 5000),
        torch=Unknown("crashed", "KeyError: 'x'"),
        packages=Unknown("skipped", "--offline"),
        accelerator=Unknown("skipped"),
    )
    assert row(facts, "disk") == ("unknown", None, "timed out after 5 s")
    assert row(facts, "torch") == ("crashed", None, "KeyError: 'x'")
    assert row(facts, "packages") == ("skipped", None, "--offline")
    assert row(facts, "envfile") == ("ok", None, "")
    names = [one.check for one in states(facts, (), RULES)]
    assert "accelerator" not in names, "it was not part of this examination"
    assert len(names) == len(set(names))


def test_checks_that_wait_for_each_other_end() -> None:
    facts = healthy(
        listing={"huggingface": Unknown("skipped", "gate.huggingface")},
        gate={"huggingface": Unknown("skipped", "listing.huggingface")},
    )
    assert row(facts, "listing.huggingface") == ("skipped", None, "gate.huggingface")


def test_no_unknown_fact_is_ever_shown_as_fine_or_broken() -> None:
    late = Unknown("timeout", "timed out after 5 s")
    hubs = dict.fromkeys(("huggingface", "modelscope"), late)
    nothing = {name: hubs if row.look is None else late for name, row in FAMILIES.items()}
    told = rejudge(healthy(**nothing), Options())
    assert [one.code for one in told.findings] == []
    assert {one.state for one in told.checks} == {"unknown"}
    assert len(told.checks) == sum(2 if row.look is None else 1 for row in FAMILIES.values())


# --- the whole ---------------------------------------------------------------------------------------


@pytest.fixture
def context(hub: Hub, tmp_path: Path, home: Path) -> Iterator[Context]:
    text = (
        f"HF_TOKEN={worlds.UNKNOWN}\nHF_ENDPOINT={hub.hf_url}\nMODELSCOPE_ENDPOINT={hub.ms_url}\n"
        f"USE_MODELSCOPE=False\nQTUNE_TRUSTED_HOSTS={hub.hf_url.removeprefix('http://')}\n"
    )
    (tmp_path / ".env").write_text(text)
    (tmp_path / ".env").chmod(0o600)
    settings = resolve(environ=os.environ, project=parse(text, tmp_path / ".env"))
    goal = Goal("download", worlds.QWEN)
    with open_client(settings) as client:
        yield Context(settings, goal, candidates(settings), client, os.environ, tmp_path)


def test_a_bad_token_is_found_with_its_line_and_everything_else_is_judged_too(
    context: Context, hub: Hub
) -> None:
    told = examine(context, Options(skip=("packages", "speed"), limits=Limits(no_speed=True)))
    (bad,) = [one for one in told.findings if one.code == "TOK303"]
    assert bad.severity is W, "ModelScope has the same model, and serves it"
    assert ".env" in bad.message.en and worlds.UNKNOWN not in repr(told)
    assert {one.check for one in told.checks} >= {"reach.huggingface", "gate.modelscope", "envfile"}
    assert not any(one.state == "crashed" for one in told.checks), told.checks
    again = rejudge(told.facts, Options(skip=("packages", "speed")))
    assert again.findings == told.findings
    assert again.recommended == told.recommended
    assert [replace(one, took_ms=0) for one in again.checks] == [
        replace(one, took_ms=0) for one in told.checks
    ]


def test_what_is_known_without_looking(context: Context) -> None:
    facts = before(context)
    assert [source.name for source in facts.sources] == ["huggingface", "modelscope"]
    assert not any(source.official for source in facts.sources)
    assert worlds.UNKNOWN not in repr(facts)
    assert facts.setting("HF_TOKEN").origin.line == 1
    local = replace(context, goal=Goal("train", "./model", local=True))
    assert before(local).sources == ()


def test_a_hidden_value_is_told_with_both_places(tmp_path: Path) -> None:
    settings = resolve(
        environ={"USE_MODELSCOPE": "False"}, project=parse("USE_MODELSCOPE=True", tmp_path / ".env")
    )
    with open_client(settings) as client:
        facts = before(Context(settings, Goal("train", "x/y"), (), client, {}, tmp_path))
    (hidden,) = facts.shadowed
    assert (hidden.key, hidden.hidden, hidden.same) == ("USE_MODELSCOPE", "True", False)
    assert (hidden.origin.line, hidden.winner.name) == (1, "USE_MODELSCOPE")


def test_offline_looks_at_the_machine_alone(context: Context, hub: Hub) -> None:
    told = examine(context, Options(skip=("packages",), limits=Limits(offline=True)))
    assert not hub.requests
    by_name = {one.check: one for one in told.checks}
    assert by_name["reach.huggingface"].reason == "--offline"
    assert by_name["envfile"].state == "ok"


def test_a_report_is_whole_even_when_nothing_answers(context: Context, hub: Hub) -> None:
    hub.fault(Fault("silent", "hf"))
    hub.fault(Fault("silent", "ms"))
    told = examine(context, Options(only=("reach",), limits=Limits(timeout_s=0.5)))
    (finding,) = told.findings  # the stage that took the time is named even so
    assert (finding.code, "sends nothing" in finding.message.en) == ("HUB200", True)
    assert told.took_ms < 1000
