"""The exit code: where several hold, 3 goes before 4 before 1 before 0."""

from __future__ import annotations

import itertools

import pytest

from qtune.core.envpatch import EnvPatch
from qtune.core.text import plain
from qtune.doctor.finding import Finding, Severity
from qtune.doctor.outcome import CheckState, FailOn, Report, State, exit_code
from tests.doctor.build import healthy


def report(severities: tuple[Severity, ...] = (), checks: tuple[CheckState, ...] = ()) -> Report:
    findings = tuple(Finding("NET101", severity, plain("x")) for severity in severities)
    return Report(findings, checks, healthy(), (), EnvPatch(), (), "", 0)


def state(
    kind: State, because: str | None = None, reason: str = "", needed: bool = True
) -> CheckState:
    return CheckState("reach.huggingface", kind, because, reason, 1, needed)


E, W, I = Severity.ERROR, Severity.WARNING, Severity.INFO  # noqa: E741


@pytest.mark.parametrize(
    ("severities", "error", "warning"),
    [((), 0, 0), ((I,), 0, 0), ((W,), 0, 1), ((E,), 1, 1), ((W, I), 0, 1), ((I, W, E), 1, 1)],
)
def test_the_threshold_of_findings(
    severities: tuple[Severity, ...], error: int, warning: int
) -> None:
    assert exit_code(report(severities)) == exit_code(report(severities), "error") == error
    assert exit_code(report(severities), "warning") == warning
    assert exit_code(report(severities), "never") == 0


THRESHOLDS: tuple[FailOn, ...] = ("error", "warning", "never")


@pytest.mark.parametrize("fail_on", THRESHOLDS)
@pytest.mark.parametrize("strict", [False, True])
def test_where_several_hold(fail_on: FailOn, strict: bool) -> None:
    for crashed, missing, error in itertools.product((False, True), repeat=3):
        checks = [state("ok")]
        if missing:
            checks.append(state("unknown", reason="timed out after 5 s"))
        if crashed:
            checks.append(state("crashed", reason="KeyError"))
        expected = 1 if error and fail_on != "never" else 0
        expected = 4 if missing and strict else expected
        expected = 3 if crashed else expected
        made = report((E,) if error else (), tuple(checks))
        assert exit_code(made, fail_on, strict) == expected


@pytest.mark.parametrize(
    ("check", "code"),
    [
        (state("ok"), 0),
        (state("unknown", reason="timed out after 5 s"), 4),
        (state("skipped", reason="--offline"), 4),
        (state("skipped", reason="reach.huggingface"), 4),
        (state("skipped", because="NET101"), 0),  # a finding says already why
        (state("skipped", reason="--no-speed"), 0),  # on purpose, and no goal needs it
        (state("skipped", reason="no token", needed=False), 0),
    ],
)
def test_strict_asks_for_every_check_that_the_goal_needs(check: CheckState, code: int) -> None:
    assert exit_code(report((), (check,)), strict=True) == code
    assert exit_code(report((), (check,))) == 0
