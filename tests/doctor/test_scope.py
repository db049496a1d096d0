"""What another hub makes up for is milder, what touches no goal is dropped, and a gate stays a gate."""

from __future__ import annotations

from dataclasses import replace

import pytest

from qtune.core.download.standin import Standing, standing
from qtune.core.hub.interface import AccessState
from qtune.core.text import Text, plain
from qtune.doctor.examine import Options, rejudge
from qtune.doctor.facts import Facts, Goal, Known, SourceFact, Stage, Unknown
from qtune.doctor.finding import Finding, Severity
from qtune.doctor.outcome import Report, exit_code
from qtune.doctor.scope import allowed, choice, measurements, scoped, stands_in
from tests.doctor.build import HF, MS, environ, healthy, refused, road, speed, with_setting

QWEN, LLAMA = "Qwen/Qwen3-4B", "meta-llama/Llama-2-7b-hf"
OTHER = {"huggingface": "modelscope", "modelscope": "huggingface"}
SILENT = (
    *(Stage(name, True, 5) for name in ("dns", "tcp", "tls")),
    Stage("http", False, 8000, "timeout", "no answer within 8 s"),
)


def world(first: str = "modelscope", model: str = QWEN, kind: str = "train") -> Facts:
    facts = healthy(goal=Goal(kind, model))  # type: ignore[arg-type]
    if first == "huggingface":
        facts = replace(facts, sources=(HF, MS))
        facts = with_setting(facts, "USE_MODELSCOPE", "False", environ("USE_MODELSCOPE"))
    return facts


def without(facts: Facts, source: str, *families: str) -> Facts:
    """As the schedule leaves it when the first of `families` stood in the way."""
    skipped = Unknown("skipped", f"reach.{source}")
    for family in families:
        facts = replace(facts, **{family: {**getattr(facts, family), source: skipped}})  # type: ignore[arg-type]
    return facts


def silent(facts: Facts, source: str) -> Facts:
    host = {"huggingface": "huggingface.co", "modelscope": "modelscope.cn"}[source]
    facts = replace(facts, reach={**facts.reach, source: Known(road(host, stages=SILENT))})
    return without(facts, source, "identity", "listing", "gate", "storage", "speed")


def gate(facts: Facts, source: str, state: AccessState, status: int = 401) -> Facts:
    known = Known(refused(state, status, sent_token=False))
    facts = replace(facts, gate={**facts.gate, source: known})
    if state is AccessState.MISSING_OR_PRIVATE:
        facts = without(facts, source, "listing")
    return without(facts, source, "storage", "speed")


def codes(report: Report) -> list[tuple[str, str, str]]:
    return [(f.code, f.source, f.severity.value) for f in report.findings]


@pytest.mark.parametrize("first", OTHER)
def test_a_healthy_world_has_no_findings(first: str) -> None:
    report = rejudge(world(first), Options())
    assert [finding for finding in report.findings if finding.severity is not Severity.INFO] == []
    assert exit_code(report) == 0
    assert not report.patch


@pytest.mark.parametrize("first", OTHER)
def test_a_silent_hub_before_a_healthy_one_is_a_warning_with_the_switch(first: str) -> None:
    facts = silent(world(first), first)
    assert choice(facts).source.name == OTHER[first]
    report = rejudge(facts, Options())
    finding = next(f for f in report.findings if f.source == first)
    assert (finding.code, finding.severity) == ("HUB200", Severity.WARNING)
    assert exit_code(report) == 0 and exit_code(report, "warning") == 1
    wanted = "True" if first == "huggingface" else "False"
    (row,) = [row for row in report.recommended if row.key == "USE_MODELSCOPE"]
    assert row.value == wanted


@pytest.mark.parametrize("first", OTHER)
def test_nobody_stands_in_for_an_owner_of_another_name(first: str) -> None:
    """Without the first hub's listing there are no hashes, and the same id may be somebody else's."""
    facts = silent(world(first, model=LLAMA), first)
    assert not stands_in(facts, allowed(facts)[1])
    report = rejudge(facts, Options())
    finding = next(f for f in report.findings if f.source == first)
    assert (finding.code, finding.severity) == ("HUB200", Severity.ERROR)
    assert exit_code(report) == 1


def test_with_the_listing_of_the_first_hub_any_owner_can_be_stood_in_for() -> None:
    facts = world("huggingface", model=LLAMA)
    assert stands_in(facts, allowed(facts)[1])
    facts = without(facts, "huggingface", "listing")
    assert not stands_in(facts, allowed(facts)[1])
    assert stands_in(facts, allowed(facts)[0])


@pytest.mark.parametrize("first", OTHER)
def test_the_troubles_of_a_hub_that_is_not_needed_are_dropped(first: str) -> None:
    other = OTHER[first]
    for facts in (
        silent(world(first), other),
        gate(world(first), other, AccessState.MISSING_OR_PRIVATE, 404),
    ):
        report = rejudge(facts, Options())
        assert [finding for finding in report.findings if finding.source == other] == []
        assert exit_code(report, "warning") == 0


@pytest.mark.parametrize("first", OTHER)
@pytest.mark.parametrize(
    ("state", "status", "code"),
    [
        (AccessState.GATED_NO_TOKEN, 401, "GATE401"),
        (AccessState.NOT_ACCEPTED, 403, "GATE402"),
        (AccessState.PENDING, 403, "GATE403"),
        (AccessState.REJECTED, 403, "GATE404"),
        (AccessState.TOKEN_CANNOT_SEE_GATED, 403, "GATE405"),
    ],
)
def test_a_gate_of_the_only_hub_that_has_the_model_is_the_error(
    first: str, state: AccessState, status: int, code: str
) -> None:
    facts = gate(world(first, model=LLAMA), "modelscope", AccessState.MISSING_OR_PRIVATE, 404)
    facts = gate(facts, "huggingface", state, status)
    assert choice(facts).source.name == "huggingface"
    report = rejudge(facts, Options())
    assert (code, "huggingface", "error") in codes(report)
    assert report.findings[0].code == code, "the first cause comes first"
    assert exit_code(report) == 1


def test_a_model_that_is_nowhere_is_an_error_of_the_hub_that_was_chosen() -> None:
    facts = world("huggingface", model="acme/nowhere")
    for source in OTHER:
        facts = gate(facts, source, AccessState.MISSING_OR_PRIVATE, 404)
    report = rejudge(facts, Options())
    assert [code for code, source, severity in codes(report) if severity == "error"] == ["GATE400"]
    assert exit_code(report) == 1


def test_what_was_not_looked_at_breaks_nothing() -> None:
    facts = replace(
        world(),
        **{
            name: {source: Unknown("skipped", "--offline") for source in OTHER}
            for name in ("reach", "identity", "listing", "gate", "storage", "speed")
        },  # type: ignore[arg-type]
    )
    assert [m.usable for m in measurements(facts)] == [None, None]
    assert choice(facts).source.name == "modelscope"
    assert exit_code(rejudge(facts, Options())) == 0


def finding(source: str, severity: Severity = Severity.ERROR) -> Finding:
    return Finding("NET102", severity, plain("x"), source=source)


@pytest.mark.parametrize(
    ("source", "severity", "kept_as"),
    [
        ("", Severity.ERROR, Severity.ERROR),
        ("huggingface", Severity.ERROR, Severity.ERROR),  # it serves
        ("modelscope", Severity.ERROR, Severity.WARNING),  # chosen, and made up for
        ("modelscope", Severity.WARNING, Severity.WARNING),
        ("modelscope", Severity.INFO, Severity.INFO),
        ("https://mirror.example", Severity.ERROR, None),
    ],
)
def test_who_serves_decides_what_a_finding_weighs(
    source: str, severity: Severity, kept_as: Severity | None
) -> None:
    facts = silent(world("modelscope"), "modelscope")
    mirror = SourceFact("https://mirror.example", "mirror", "https://mirror.example", False)
    facts = replace(facts, sources=(*facts.sources, mirror))
    kept = scoped([finding(source, severity)], facts)
    assert [one.severity for one in kept] == ([kept_as] if kept_as else [])


def test_for_a_local_model_every_finding_stands() -> None:
    facts = healthy(goal=Goal("train", "./model", local=True), sources=())
    found = [finding("huggingface"), finding("")]
    assert scoped(found, facts) == found


def test_the_large_files_host_and_the_gate_count_for_a_source() -> None:
    down = (Stage("dns", True, 1), Stage("tcp", False, 3000, "timeout"))
    facts = world()
    storage = Known(road("cdn.modelscope.cn", stages=down))
    facts = replace(facts, storage={**facts.storage, "modelscope": storage})
    facts = replace(facts, speed={"huggingface": facts.speed["huggingface"]})
    first, second = measurements(facts)
    assert (first.usable, first.has_model, second.usable) == (False, True, True)
    assert first.reason is not None and "cdn.modelscope.cn" in first.reason.en
    assert choice(facts).source.name == "huggingface"


def test_the_faster_hub_is_chosen_by_the_speed_of_the_very_file() -> None:
    facts = world()
    slow = {**facts.speed, "modelscope": Known(speed("cdn.modelscope.cn", 0.2, 0.4))}
    chosen = choice(replace(facts, speed=slow))
    assert chosen.source.name == "huggingface"
    assert "8.0 MB/s" in chosen.reason.en and "400.0 kB/s" in chosen.reason.en


MIRROR = SourceFact("https://mirror.example", "mirror", "https://mirror.example", False)


@pytest.mark.parametrize("first", [HF, MS, MIRROR])
@pytest.mark.parametrize("second", [HF, MS, MIRROR])
@pytest.mark.parametrize("model", [QWEN, LLAMA])
@pytest.mark.parametrize("named", [False, True])
@pytest.mark.parametrize("absent", [False, True])
def test_the_doctor_lets_stand_in_whom_the_download_lets(
    first: SourceFact, second: SourceFact, model: str, named: bool, absent: bool
) -> None:
    facts = replace(world(model=model), sources=(first, second), listing={}, gate={}, speed={})
    if named:
        facts = with_setting(facts, "QTUNE_SOURCES", "x", environ("QTUNE_SOURCES"))
    if absent:
        facts = gate(facts, first.name, AccessState.MISSING_OR_PRIVATE, 404)
    sources = allowed(facts)
    by_download = standing(
        sources[1],
        sources[0],
        model,
        named=named,
        absent=absent,
    )
    assert stands_in(facts, sources[1]) is (by_download is not Standing.STRANGER)


def test_a_switch_that_cannot_be_used_is_not_why_a_hub_serves() -> None:
    problem = Text("'maybe' is neither True nor False", "'maybe' 既不是 True 也不是 False")
    facts = with_setting(
        world(), "USE_MODELSCOPE", "maybe", environ("USE_MODELSCOPE"), problem=problem
    )
    assert choice(facts).reason.en == "USE_MODELSCOPE=True (the default)"
