"""The table of contents: settings and a goal → checks → facts → findings → report."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from qtune.core.errors import UsageError
from qtune.core.text import Text
from qtune.core.trust import is_official
from qtune.doctor.checks import check_name, each, plan
from qtune.doctor.context import Context
from qtune.doctor.facts import (
    Facts,
    GoalKind,
    Known,
    SettingFact,
    ShadowedSetting,
    SourceFact,
    Unknown,
)
from qtune.doctor.finding import Finding
from qtune.doctor.outcome import CheckState, Report
from qtune.doctor.recommend import applicable, patch, recommendations
from qtune.doctor.rule import Rule
from qtune.doctor.rules import RULES
from qtune.doctor.schedule import Limits, Observer, look
from qtune.doctor.scope import scoped


@dataclass(frozen=True)
class Options:
    """`only` and `skip` hold codes, their prefixes, rules' names, or kinds of checks (TOK303, tok, speed)."""

    only: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    limits: Limits = field(default_factory=Limits)


def examine(
    context: Context, options: Options, observer: Observer = lambda check, finished: None
) -> Report:
    """Looks, judges and recommends. Raises UsageError for an unknown code in `options`."""
    started, clock = datetime.now().astimezone(), time.monotonic()
    rules = selected(options, context.goal.kind)
    facts = look(plan(rules, context), context, before(context), options.limits, observer)
    return report(facts, rules, options, started.isoformat(timespec="seconds"), clock)


def rejudge(facts: Facts, options: Options) -> Report:
    """The same judgement over facts that were saved elsewhere; nothing is looked at."""
    started, clock = datetime.now().astimezone(), time.monotonic()
    rules = selected(options, facts.goal.kind)
    return report(facts, rules, options, started.isoformat(timespec="seconds"), clock)


def before(context: Context) -> Facts:
    """What is known without looking: the goal, the settings, the sources that they allow."""
    settings = context.settings
    return Facts(
        goal=context.goal,
        settings=tuple(SettingFact(v.setting.key, v.shown, v.origin, v.problem) for v in settings),
        shadowed=tuple(
            ShadowedSetting(
                value.setting.key,
                value.shown,
                value.origin,
                settings.origin(value.setting.key),
                value.text == settings[value.setting.key].text,
            )
            for value in settings.shadowed
        ),
        sources=()
        if context.goal.local
        else tuple(
            SourceFact(
                source.name,
                source.kind,
                source.endpoint,
                source.kind != "mirror" and is_official(source.kind, source.endpoint),
            )
            for source in context.sources
        ),
    )


def report(
    facts: Facts, rules: Sequence[Rule], options: Options, started: str, clock: float
) -> Report:
    judged = [finding for rule in rules for finding in rule.judge(facts)]
    findings = ordered(applicable(finding, facts) for finding in scoped(judged, facts))
    rows = recommendations(findings, facts)
    return Report(
        findings=findings,
        checks=states(facts, findings, rules),
        facts=facts,
        recommended=rows,
        patch=patch(rows),
        suppressed=tuple(sorted(rule.code for rule in RULES if _named(rule, options.skip))),
        started=started,
        took_ms=round((time.monotonic() - clock) * 1000),
    )


def ordered(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Errors first, and within a severity along the road; what follows from a cause stands behind it.

    A `because` that names a finding which is not there (its cause was out of scope) is taken away.
    """
    place = {rule.code: number for number, rule in enumerate(RULES)}
    by_rank = sorted(findings, key=lambda f: (f.severity.rank, place.get(f.code, len(place))))
    codes = {finding.code for finding in by_rank}
    known = [
        f if f.because in codes and f.because != f.code else replace(f, because=None)
        for f in by_rank
    ]
    result: list[Finding] = []

    def follow(finding: Finding) -> None:
        result.append(finding)
        for other in known:
            if other.because == finding.code and other not in result:
                follow(other)

    for finding in known:
        if finding.because is None:
            follow(finding)
    result += [finding for finding in known if finding not in result]  # two that name each other
    return tuple(result)


def states(
    facts: Facts, findings: Sequence[Finding], rules: Sequence[Rule]
) -> tuple[CheckState, ...]:
    """How each check went. A skipped one names the finding about what stands in its way, if there is one."""
    reads = {rule.code: rule.needs for rule in rules}
    rows = []
    for family, source, fact in each(facts):
        name = check_name(family, source)
        if isinstance(fact, Known):
            rows.append(CheckState(name, "ok", None, "", fact.took_ms))
            continue
        if not fact.detail and fact.reason == "skipped":
            continue  # not part of this examination
        because = _cause(fact, source, facts, findings, reads) if fact.reason == "skipped" else None
        state = {"skipped": "skipped", "crashed": "crashed"}.get(fact.reason, "unknown")
        reason = fact.detail or fact.reason
        rows.append(CheckState(name, state, because, reason, fact.took_ms))  # type: ignore[arg-type]
    return tuple(rows)


def _cause(
    fact: Unknown,
    source: str,
    facts: Facts,
    findings: Sequence[Finding],
    reads: dict[str, tuple[str, ...]],
) -> str | None:
    """The code of the finding behind the check that `fact` waited for in vain."""
    seen: set[str] = set()
    blocker = fact.detail
    while blocker not in seen:
        seen.add(blocker)
        family = blocker.partition(".")[0]
        for finding in findings:
            if family in reads.get(finding.code, ()) and finding.source in ("", source):
                return finding.code
        row = getattr(facts, family, None)
        behind = row.get(source) if isinstance(row, dict) else None
        if not (isinstance(behind, Unknown) and behind.reason == "skipped"):
            return None
        blocker = behind.detail
    return None


def selected(options: Options, goal: GoalKind) -> tuple[Rule, ...]:
    """The rules that apply. Raises UsageError for a name that is no code, prefix or check."""
    for name in (*options.only, *options.skip):
        if not any(_named(rule, (name,)) for rule in RULES):
            raise UsageError(
                "CFG090",
                Text(
                    f"no code, prefix or check is called {name!r}",
                    f"没有名为 {name!r} 的代码、前缀或检查",
                ),
                Text("`qtune doctor --list` shows them all.", "`qtune doctor --list` 可列出全部。"),
            )
    return tuple(
        rule
        for rule in RULES
        if goal in rule.goals
        and (not options.only or _named(rule, options.only))
        and not _named(rule, options.skip)
    )


def _named(rule: Rule, names: Iterable[str]) -> bool:
    wanted = {name.upper().rstrip(".*") for name in names}
    prefix = rule.code.rstrip("0123456789")
    families = {need.upper() for need in rule.needs}
    return bool(wanted & {rule.code, prefix, rule.name.upper()}) or bool(
        wanted & families and rule.judge.__name__ != "nothing"
    )
