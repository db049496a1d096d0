"""The table of contents: settings and a goal → checks → facts → findings → report."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from qtune.core.errors import UsageError
from qtune.core.text import Text
from qtune.doctor.checks import check_name, each, plan
from qtune.doctor.context import Context
from qtune.doctor.facts import Facts, GoalKind, Known, Unknown
from qtune.doctor.finding import Finding
from qtune.doctor.fork import excused
from qtune.doctor.given import of_settings
from qtune.doctor.judgement import NOWHERE, Elsewhere, added, judged_by, unjudged, weighed
from qtune.doctor.named import is_name, is_named
from qtune.doctor.outcome import CheckState, Report, State
from qtune.doctor.profiles import NetworkErrors
from qtune.doctor.recommend import applicable, patch, recommendations
from qtune.doctor.rule import Rule
from qtune.doctor.rules import JUDGING, RULES
from qtune.doctor.schedule import Limits, Observer, look
from qtune.doctor.scope import choice, scoped
from qtune.doctor.suppression import comments
from qtune.doctor.suppression.settle import settle


@dataclass(frozen=True)
class Options:
    """`only` and `skip` hold codes, their prefixes, rules' names, or kinds of checks (TOK303, tok, speed).

    `network_errors` warn: a hub that cannot be reached is no error. `excused`: nor is a missing token,
    because secrets are withheld here.
    """

    only: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    limits: Limits = field(default_factory=Limits)
    network_errors: NetworkErrors = "error"
    excused: bool = False


def examine(
    context: Context,
    options: Options,
    observer: Observer = lambda check, finished: None,
    elsewhere: Elsewhere = NOWHERE,
    expected: Callable[[int], None] = lambda checks: None,
) -> Report:
    """Looks, judges and recommends. Raises UsageError for an unknown code in `options`.

    `expected` is told how many checks the observer will hear of.
    """
    started, clock = datetime.now().astimezone(), time.monotonic()
    known = before(context)
    rules = selected(options, context.goal.kind, every=bool(known.suppressions))
    checks = plan(rules, context)
    expected(len(checks))
    facts = look(checks, context, known, options.limits, observer)
    if options.excused:
        facts = excused(facts)
    return report(facts, rules, options, started.isoformat(timespec="seconds"), clock, elsewhere)


def rejudge(facts: Facts, options: Options) -> Report:
    """The same judgement over facts that were saved elsewhere; nothing is looked at."""
    started, clock = datetime.now().astimezone(), time.monotonic()
    rules = selected(options, facts.goal.kind)
    return report(facts, rules, options, started.isoformat(timespec="seconds"), clock)


def before(context: Context) -> Facts:
    """What is known without looking: the goal, the settings, the sources that they allow."""
    settings, goal = context.settings, context.goal
    facts = of_settings(settings, goal, () if goal.local else context.sources)
    env = settings.envfile
    written = comments.in_env(env) if env is not None else ()
    return replace(facts, suppressions=(*written, *context.suppressions))


def report(
    facts: Facts,
    rules: Sequence[Rule],
    options: Options,
    started: str,
    clock: float,
    elsewhere: Elsewhere = NOWHERE,
) -> Report:
    judged, crashed = judged_by(rules, facts)
    others = added(elsewhere, judged, options.skip)
    told = [
        weighed(finding, options.network_errors) for finding in (*scoped(judged, facts), *others)
    ]
    kept, ignored = settle(
        told, (*judged, *others), facts, rules, lambda rule: unjudged(rule, facts, others)
    )
    findings = ordered(applicable(finding, facts) for finding in kept)
    rows = recommendations(findings, facts)
    return Report(
        findings=findings,
        checks=(*states(facts, (*findings, *(item.finding for item in ignored)), rules), *crashed),
        facts=facts,
        recommended=rows,
        patch=patch(rows),
        suppressed=_left_out(options.skip),
        started=started,
        took_ms=round((time.monotonic() - clock) * 1000),
        ignored=ignored,
    )


def ordered(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Errors first, and within a severity along the road; what follows from a cause stands behind it.

    A `because` that names a finding which is not there (its cause was out of scope) is taken away.
    """
    place = {code: number for number, code in enumerate(RULES.codes)}
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
    for finding in known:  # some name each other in a circle: the first of them is the cause
        if finding not in result:
            known[known.index(finding)] = cause = replace(finding, because=None)
            follow(cause)
    return tuple(result)


def states(
    facts: Facts, findings: Sequence[Finding], rules: Sequence[Rule]
) -> tuple[CheckState, ...]:
    """How each check went. One that was not made names the finding about what stood in its way, if any."""
    reads = {rule.code: rule.needs for rule in rules}
    serving = choice(facts).source.name if facts.sources else ""
    rows = []
    for family, source, fact in each(facts):
        name = check_name(family, source)
        needed = source in ("", serving)
        if isinstance(fact, Known):
            rows.append(CheckState(name, "ok", None, "", fact.took_ms))
        elif fact.reason == "skipped" and not fact.detail:
            continue  # not part of this examination
        elif fact.reason == "crashed":
            rows.append(CheckState(name, "crashed", None, fact.detail, fact.took_ms))
        elif fact.reason == "needless":
            rows.append(CheckState(name, "skipped", None, fact.detail, fact.took_ms, needed=False))
        else:
            because = _cause(family, fact, source, facts, findings, reads)
            state: State = "skipped" if because or fact.reason == "skipped" else "unknown"
            reason = fact.detail or fact.reason
            rows.append(CheckState(name, state, because, reason, fact.took_ms, needed))
    return tuple(rows)


def _cause(
    family: str,
    fact: Unknown,
    source: str,
    facts: Facts,
    findings: Sequence[Finding],
    reads: Mapping[str, tuple[str, ...]],
) -> str | None:
    """The code of the finding that says why `fact` is not known.

    A hub's refusal (absent, refused) is told by whatever judges its gate; a skipped check by what is
    wrong with the one it waited for, or with what that one waited for.
    """
    if fact.reason == "limited":
        return _waiting(source, findings)
    if fact.reason in ("absent", "refused"):
        return _about((family, "gate", "identity"), source, findings, reads)
    seen: set[str] = set()
    blocker = fact.detail if fact.reason == "skipped" else ""
    while blocker and blocker not in seen:
        seen.add(blocker)
        blocking = blocker.partition(".")[0]
        if code := _about((blocking,), source, findings, reads):
            return code
        row = getattr(facts, blocking, None)
        behind = row.get(source) if isinstance(row, Mapping) else None
        if not isinstance(behind, Unknown):
            return None
        if behind.reason == "limited":
            return _waiting(source, findings)
        if behind.reason in ("absent", "refused"):
            return _about((blocking, "gate", "identity"), source, findings, reads)
        blocker = behind.detail if behind.reason == "skipped" else ""
    return None


def _waiting(source: str, findings: Sequence[Finding]) -> str | None:
    """Only a limit on requests explains a 429: not the gate, and not the token."""
    return next((f.code for f in findings if f.code == "HUB208" and f.source == source), None)


def _about(
    families: tuple[str, ...],
    source: str,
    findings: Sequence[Finding],
    reads: Mapping[str, tuple[str, ...]],
) -> str | None:
    """The first finding that judges one of `families` for this hub.

    A finding about no hub in particular counts only for what its rule reads first: too little disk says
    nothing about why a listing is missing.
    """
    for finding in findings:
        needs = reads.get(finding.code, ())
        judged = needs if finding.source == source else needs[:1] if not finding.source else ()
        if set(families) & set(judged):
            return finding.code
    return None


def selected(options: Options, goal: GoalKind, *, every: bool = True) -> tuple[Rule, ...]:
    """The rules that apply. Raises UsageError for a name that is no code, prefix or check.

    Not `every`: those that judge nothing are left unread where no option could name them.
    """
    check_names(options)
    return tuple(
        rule
        for rule in (RULES if every or options.only or options.skip else JUDGING)
        if goal in rule.goals
        and (not options.only or is_named(rule, options.only))
        and not is_named(rule, options.skip)
    )


def check_names(options: Options) -> None:
    """Raises UsageError CFG090 for a name that is no code, prefix or check."""
    for name in (*options.only, *options.skip):
        if not is_name(name):
            raise UsageError(
                "CFG090",
                Text(
                    f"no code, prefix or check is called {name!r}",
                    f"没有名为 {name!r} 的代码、前缀或检查",
                ),
                Text("`qtune doctor --list` shows them all.", "`qtune doctor --list` 可列出全部。"),
            )


def _left_out(skip: Sequence[str]) -> tuple[str, ...]:
    return tuple(sorted(rule.code for rule in RULES if is_named(rule, skip))) if skip else ()
