"""What a suppression silences, what it leaves alone, and when it is said to be unused."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from qtune.core.text import plain
from qtune.doctor.examine import Options, rejudge
from qtune.doctor.facts import Facts, Suppression, Unknown
from qtune.doctor.finding import Applicability
from qtune.doctor.outcome import Report, exit_code
from qtune.doctor.schedule import Limits
from tests.doctor.build import ENV, HF, env_line, healthy, with_setting
from tests.doctor.rules.judging import entry, with_entries


def line(*codes: str, at: int = 1, **changes: Any) -> Suppression:
    made = Suppression("line", codes, "mine", str(ENV), at, 30, 60, at, at, gap=2)
    return replace(made, **changes)


def misspelt(*suppressions: Suppression) -> Facts:
    """ENV804 at line 1 of `.env`, and nothing else wrong."""
    facts = with_entries(healthy(), entry("USE_MODELSCOP", "True", 1))
    return replace(facts, suppressions=suppressions)


def judge(facts: Facts, **options: Any) -> Report:
    return rejudge(facts, Options(**options))


def codes(report: Report) -> list[str]:
    return [finding.code for finding in report.findings]


def test_without_one_all_is_as_it_was() -> None:
    report = judge(misspelt())
    assert (codes(report), report.ignored) == (["ENV804"], ())


@pytest.mark.parametrize("code", ["ENV804", "env804", "unknown-setting"])
@pytest.mark.parametrize("scope", ["line", "file", "project"])
def test_a_finding_leaves_the_report_and_its_exit_code_and_is_kept(scope: Any, code: str) -> None:
    report = judge(misspelt(line(code, scope=scope)))
    assert codes(report) == []
    assert exit_code(report, "warning") == 0
    (item,) = report.ignored
    assert (item.finding.code, item.by.reason) == ("ENV804", "mine")


def test_its_fix_is_not_recommended_either() -> None:
    facts = with_setting(healthy(), "HF_ENDPOINT", "huggingface.co", env_line("HF_ENDPOINT", 3),
                         problem=plain("no https://"))  # fmt: skip
    facts = replace(facts, sources=(HF,))
    open_ = judge(facts)
    found = next(f for f in open_.findings if f.fix is not None and f.fix.patch is not None)
    quiet = judge(replace(facts, suppressions=(line(found.code, scope="project"),)))
    assert open_.patch
    assert not quiet.patch
    assert not quiet.recommended


@pytest.mark.parametrize(
    "suppression",
    [
        line("ENV804", at=2),
        line("ENV804", path="/elsewhere/.env"),
        line("ENV805"),
        line("ENV804", scope="file", path="run.yaml"),
        line("ENV804", first=0, last=0),
    ],
)
def test_another_line_file_or_code_is_left_alone(suppression: Suppression) -> None:
    assert "ENV804" in codes(judge(misspelt(suppression)))


def test_what_has_no_place_is_silenced_by_a_file_or_a_project_only() -> None:
    facts = replace(healthy(), disk=Unknown("skipped"))
    rows = with_setting(facts, "QTUNE_CONNECTIONS", "many", replace(env_line("X"), path=None, line=None),
                        problem=plain("no number"))  # fmt: skip
    assert "ENV805" in codes(judge(replace(rows, suppressions=(line("ENV805"),))))
    for scope in ("file", "project"):
        report = judge(replace(rows, suppressions=(line("ENV805", scope=scope),)))
        assert "ENV805" not in codes(report)


# --- CFG093 ---------------------------------------------------------------------------------------


def well(*suppressions: Suppression, **changes: Any) -> Facts:
    return replace(healthy(**changes), suppressions=suppressions)


def test_an_unused_one_is_a_finding_with_a_safe_fix_that_removes_it() -> None:
    report = judge(well(line("ENV804")))
    (finding,) = report.findings
    assert (finding.code, finding.severity.value) == ("CFG093", "warning")
    assert finding.fix is not None
    assert finding.fix.applicability is Applicability.SAFE
    (edit,) = finding.fix.edits
    assert (edit.text, edit.span.column, edit.span.end_column) == ("", 28, 60)


def test_of_several_codes_only_the_idle_one_goes() -> None:
    (finding,) = judge(misspelt(line("ENV804", "ENV800"))).findings
    assert "ENV800" in finding.message.en and "ENV804" not in finding.message.en
    assert finding.fix is not None
    assert finding.fix.edits[0].text == "# qtune: ignore[ENV804] mine"


@pytest.mark.parametrize(
    ("suppression", "options", "changes"),
    [
        (line("ENV804"), {}, {"envfile": Unknown("timeout", "timed out after 3 s")}),
        (line("ENV804"), {"skip": ("ENV804",)}, {}),
        (line("ENV804"), {"only": ("TOK", "CFG")}, {}),
        (line("ENV804"), {"skip": ("CFG093",)}, {}),
        (line("HUB207"), {}, {}),  # a speed is another one tomorrow
        (line("GPU500", scope="project"), {}, {}),  # another machine may need it
        (line("TOK303", scope="file"), {}, {}),
        (line("CFG005", path="run.yaml"), {}, {}),  # no run config was read
        (line("CFG093", "CFG094"), {}, {}),
        (line("ENV804", "CFG093"), {}, {}),  # and what is wrong with it may be silenced
    ],
)
def test_what_was_not_judged_or_changes_by_the_hour_is_not_called_unused(
    suppression: Suppression, options: Any, changes: Any
) -> None:
    assert codes(judge(well(suppression, **changes), **options)) == []


def test_one_of_the_project_is_unused_where_the_projects_files_decide() -> None:
    assert codes(judge(well(line("ENV804", scope="project")))) == ["CFG093"]


def test_one_of_a_line_is_unused_whatever_proves_it() -> None:
    assert codes(judge(well(line("TOK303")))) == ["CFG093"]


# --- CFG094 ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("suppression", "said"),
    [
        (line("NOPE999"), "there is no code NOPE999"),
        (line("DWN001"), "DWN001 is an error of a command"),
        (line(flaw="no_codes"), "names no code"),
        (line(flaw="in_value"), "part of the value"),
        (line("ENV80"), "there is no code ENV80"),
    ],
)
def test_what_cannot_be_understood_is_a_finding_at_its_place(
    suppression: Suppression, said: str
) -> None:
    (finding,) = judge(well(suppression)).findings
    assert finding.code == "CFG094"
    assert said in finding.message.en
    assert finding.span is not None and finding.span.line == 1


# --- how heavy the network weighs -----------------------------------------------------------------


def test_an_unreachable_hub_is_a_warning_where_that_was_asked_for() -> None:
    from tests.doctor.report.worlds import no_network

    facts = no_network().facts
    assert exit_code(judge(facts)) == 1
    mild = judge(facts, network_errors="warn")
    assert {f.severity.value for f in mild.findings if f.code.startswith("NET")} == {"warning"}
    assert exit_code(mild) == 0
    assert codes(mild) and exit_code(mild, "warning") == 1


def test_a_check_that_a_profile_left_out_is_no_failure_of_strict() -> None:
    limits = Limits(without=frozenset({"torch"}), without_reason="--profile ci")
    facts = healthy(torch=Unknown("skipped", limits.without_reason))
    report = judge(facts)
    assert [c.reason for c in report.checks if c.check == "torch"] == ["--profile ci"]
    assert exit_code(report, strict=True) == 0
