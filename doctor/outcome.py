"""The whole outcome of an examination, ready to be rendered, and the exit code it stands for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from qtune.core.envpatch import EnvPatch
from qtune.core.text import Text
from qtune.doctor.finding import Applicability, Finding

if TYPE_CHECKING:  # what an outcome is need not be known to judge
    from qtune.doctor.facts import Facts
    from qtune.doctor.suppression.settle import Ignored

NO_SECRETS = "a pull request from a fork has no secrets"
State = Literal["ok", "skipped", "unknown", "crashed"]


@dataclass(frozen=True)
class CheckState:
    """`because` is the code of the finding that stands in the way; otherwise `reason` says it.

    `needed` is False where nothing is missing: there was nothing to look at, or the goal does without
    that hub.
    """

    check: str
    state: State
    because: str | None
    reason: str
    took_ms: int
    needed: bool = True


@dataclass(frozen=True)
class Recommendation:
    """One line of the recommended `.env`. `value` None means: remove the line."""

    key: str
    value: str | None
    current: str
    reason: Text
    applicability: Applicability
    command: str = ""


@dataclass(frozen=True)
class Report:
    """`findings` come root cause first; `patch` is what `--fix` would write.

    `suppressed` are the codes that `--skip` left out, `ignored` the findings that a comment or
    pyproject.toml keeps quiet; `started` is in ISO 8601 with the zone.
    """

    findings: tuple[Finding, ...]
    checks: tuple[CheckState, ...]
    facts: Facts
    recommended: tuple[Recommendation, ...]
    patch: EnvPatch
    suppressed: tuple[str, ...]
    started: str
    took_ms: int
    ignored: tuple[Ignored, ...] = ()


FailOn = Literal["error", "warning", "never"]


def exit_code(report: Report, fail_on: FailOn = "error", strict: bool = False) -> int:
    """Where several hold: 3 (a check crashed) > 4 (strict, a needed check not made) > 1 (findings) > 0."""
    if any(check.state == "crashed" for check in report.checks):
        return 3
    if strict and any(_not_made(check) for check in report.checks):
        return 4
    threshold = {"error": 0, "warning": 1, "never": -1}[fail_on]
    return int(any(finding.severity.rank <= threshold for finding in report.findings))


def _not_made(check: CheckState) -> bool:
    """Behind a finding, of no use to the goal, or left out on purpose: that is not "could not be made"."""
    if check.because is not None or not check.needed:
        return False
    if check.reason in ("--no-speed", NO_SECRETS) or check.reason.startswith("--profile"):
        return False
    return check.state in ("unknown", "skipped")
