"""What is added to the rules' own findings, how heavy each is taken, and which rules saw all they need."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from qtune.doctor.facts import Fact, Facts, Known
from qtune.doctor.finding import Finding, Severity
from qtune.doctor.outcome import CheckState
from qtune.doctor.profiles import NetworkErrors
from qtune.doctor.rule import Rule, nothing


def judged_by(
    rules: Sequence[Rule], facts: Facts
) -> tuple[tuple[Finding, ...], tuple[CheckState, ...]]:
    """What the rules found. A bug in one is reported as one, and the others stand."""
    found: list[Finding] = []
    crashed: list[CheckState] = []
    for rule in rules:
        try:
            found += rule.judge(facts)
        except Exception as error:
            from qtune.doctor.schedule import crash  # and all probes, which an editor does without

            crashed.append(CheckState(f"rule.{rule.code}", "crashed", None, crash(error), 0))
    return tuple(found), tuple(crashed)


@dataclass(frozen=True)
class Elsewhere:
    """Findings of others. `otherwise` are told only where no rule found the same code."""

    findings: tuple[Finding, ...] = ()
    otherwise: tuple[Finding, ...] = ()


NOWHERE = Elsewhere()


def added(
    elsewhere: Elsewhere, judged: Sequence[Finding], skip: Sequence[str]
) -> tuple[Finding, ...]:
    codes = {finding.code for finding in judged}
    skipped = {name.upper().rstrip(".*") for name in skip}
    found = [f for f in elsewhere.findings if f not in judged]
    found += [f for f in elsewhere.otherwise if f.code not in codes]
    return tuple(f for f in found if not skipped & {f.code, f.code.rstrip("0123456789")})


# A hub that does not answer. A CA file that is not there, a NO_PROXY that is wrong and a client without SOCKS
# are settings, which CI can mend.
_NETWORK_CODES = frozenset({"HUB200", "HUB201", "HUB208"})
_SETTINGS_CODES = frozenset({"NET107", "NET108", "NET110"})


def weighed(finding: Finding, network_errors: NetworkErrors) -> Finding:
    """An unreachable hub as heavy as the user takes it."""
    of_network = finding.code in _NETWORK_CODES or finding.code.startswith("NET")
    if network_errors == "error" or finding.severity is not Severity.ERROR:
        return finding
    if not of_network or finding.code in _SETTINGS_CODES:
        return finding
    return replace(finding, severity=Severity.WARNING)


_UNREADABLE = frozenset({"CFG001", "CFG002", "CFG003"})


def unjudged(rule: Rule, facts: Facts, others: Sequence[Finding]) -> bool:
    """Was something that the rule reads not known? A run config that cannot be read shows nothing either."""
    if not rule.needs and rule.judge is nothing:
        return any(finding.code in _UNREADABLE for finding in others)
    return any(not _all_known(getattr(facts, need)) for need in rule.needs)


def _all_known(row: Fact[Any] | Mapping[str, Fact[Any]]) -> bool:
    if isinstance(row, Mapping):
        return bool(row) and all(isinstance(fact, Known) for fact in row.values())
    return isinstance(row, Known)
