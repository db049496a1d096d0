"""Findings without those that the user suppressed, and with what is wrong with the suppressions themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from qtune.core.text import Text
from qtune.doctor.facts import Facts, Known, Suppression
from qtune.doctor.finding import Applicability, Edit, Finding, Fix, Severity, Span
from qtune.doctor.profiles import PROJECT
from qtune.doctor.rule import Rule

OWN = ("CFG093", "CFG094")


@dataclass(frozen=True)
class Ignored:
    """A finding that was made and is not told, by the first suppression that speaks of it."""

    finding: Finding
    by: Suppression


def settle(
    findings: Iterable[Finding],
    raised: Iterable[Finding],
    facts: Facts,
    rules: Sequence[Rule],
    unjudged: Callable[[Rule], bool],
) -> tuple[list[Finding], tuple[Ignored, ...]]:
    """`raised` are all findings, also those out of scope: a suppression of one is in use.

    `rules` are those of this examination, and `unjudged` tells which of them had not all they need.
    """
    if not facts.suppressions:
        return list(findings), ()
    by_name = {rule.name.upper(): rule.code for rule in _all()}
    wanted = [(s, _codes(s, by_name)) for s in facts.suppressions]
    used = {
        (s, code)
        for s, codes in wanted
        for finding in raised
        for code in codes & {finding.code}
        if speaks_of(s, finding)
    }
    selected = {rule.code: rule for rule in rules}
    own: list[Finding] = []
    if "CFG093" in selected:
        own += _unused(wanted, used, selected, unjudged, facts)
    if "CFG094" in selected:
        own += (f for s in facts.suppressions for f in _senseless(s, by_name))
    kept: list[Finding] = []
    ignored: list[Ignored] = []
    for finding in (*findings, *own):
        by = next((s for s, c in wanted if finding.code in c and speaks_of(s, finding)), None)
        if by is None:
            kept.append(finding)
        else:
            ignored.append(Ignored(finding, by))
    return kept, tuple(ignored)


def speaks_of(suppression: Suppression, finding: Finding) -> bool:
    """Is the finding in the place that the suppression is about? Its code is another question."""
    span = finding.span
    if suppression.scope == "project":
        return True
    if suppression.scope == "file":
        return span is None or span.path == suppression.path
    if span is None or span.path != suppression.path:
        return False
    return 0 < suppression.first <= span.line <= suppression.last


def place_of(suppression: Suppression) -> Span:
    """Where it is written."""
    s = suppression
    return Span(s.path, s.line, s.column, s.line, s.end_column)


def _codes(suppression: Suppression, by_name: dict[str, str]) -> frozenset[str]:
    words = (word.upper() for word in suppression.codes)
    return frozenset(by_name.get(word, word) for word in words)


def _all() -> Sequence[Rule]:
    from qtune.doctor.rules import RULES

    return RULES


# --- what is wrong with them ----------------------------------------------------------------------


def _unused(
    wanted: Iterable[tuple[Suppression, frozenset[str]]],
    used: set[tuple[Suppression, str]],
    selected: dict[str, Rule],
    unjudged: Callable[[Rule], bool],
    facts: Facts,
) -> Iterator[Finding]:
    for suppression, codes in wanted:
        idle = [
            code
            for code in sorted(codes)
            if (suppression, code) not in used
            and (rule := selected.get(code)) is not None
            and rule.reported
            and _lasting(suppression, rule)
            and _reads_run_config(rule, facts)
            and not unjudged(rule)
        ]
        if idle:
            yield _idle(suppression, idle, sorted(codes - {*idle}))


def _lasting(suppression: Suppression, rule: Rule) -> bool:
    """Would the same project give the same answer tomorrow and elsewhere, as far as one can tell?

    A measured speed changes by the hour. What holds for a whole file or project may silence what only
    another machine or network shows, so there only what lies in the project itself is proof.
    """
    if rule.code in OWN:
        return False
    if suppression.scope == "line":
        return "speed" not in rule.needs
    return set(rule.needs) <= PROJECT


def _reads_run_config(rule: Rule, facts: Facts) -> bool:
    """A code that only the reader of run configs raises was judged where it read one; SRC, where there is source."""
    if rule.code.startswith("SRC"):
        return isinstance(facts.source_code, Known)
    return bool(rule.needs) or not rule.code.startswith("CFG") or facts.goal.run_config is not None


def _idle(suppression: Suppression, idle: Sequence[str], left: Sequence[str]) -> Finding:
    listed = ", ".join(idle)
    return Finding(
        "CFG093",
        Severity.WARNING,
        Text(
            f"nothing is left for this suppression to silence: {listed}",
            f"这条忽略已经没有对应的问题：{listed}",
        ),
        span=place_of(suppression),
        fix=_removal(suppression, left, listed),
    )


def _removal(suppression: Suppression, left: Sequence[str], listed: str) -> Fix:
    title = Text(f"Remove {listed} from it", f"从中删去 {listed}")
    if suppression.scope == "project":
        return Fix(title, Applicability.MANUAL)
    file = "-file" if suppression.scope == "file" else ""
    text = f"# qtune: ignore{file}[{', '.join(left)}] {suppression.reason}".rstrip()
    span = place_of(suppression)
    if not left:
        text = ""
        span = replace(span, column=span.column - suppression.gap)
    return Fix(title, Applicability.SAFE, edits=(Edit(span, text),))


def _senseless(suppression: Suppression, by_name: dict[str, str]) -> Iterator[Finding]:
    if suppression.flaw == "in_value":
        yield _flawed(
            suppression,
            Text(
                "this suppression is part of the value, and silences nothing",
                "这条忽略写进了值里，不起作用",
            ),
            Text("Put a blank before the #, outside the quotes", "在 # 前加一个空格，并写在引号外"),
        )
    elif suppression.flaw == "no_codes":
        yield _flawed(
            suppression,
            Text("this suppression names no code", "这条忽略没有写明代码"),
            Text(
                "Name the codes: # qtune: ignore[HUB204] and why",
                "请写明代码：# qtune: ignore[HUB204] 以及原因",
            ),
        )
    reported = {rule.code for rule in _all() if rule.reported}
    known = {rule.code for rule in _all()}
    for word in suppression.codes:
        code = by_name.get(word.upper(), word.upper())
        if code not in known:
            yield _flawed(
                suppression,
                Text(f"there is no code {word}", f"没有 {word} 这个代码"),
                Text("`qtune doctor --list` shows them all", "`qtune doctor --list` 可列出全部"),
            )
        elif code not in reported:
            yield _flawed(
                suppression,
                Text(
                    f"{code} is an error of a command, which nothing can silence",
                    f"{code} 是命令的错误，无法忽略",
                ),
                Text(f"Remove {code} from it", f"从中删去 {code}"),
            )


def _flawed(suppression: Suppression, message: Text, mend: Text) -> Finding:
    fix = Fix(mend, Applicability.MANUAL)
    return Finding("CFG094", Severity.WARNING, message, span=place_of(suppression), fix=fix)
