"""Findings as a person reads them: each cause with its evidence and its way out, what follows folded under it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from rich.text import Text

from qtune.core.secret import redact
from qtune.doctor.finding import Applicability, Finding, Fix, Span
from qtune.doctor.outcome import Report
from qtune.doctor.report import envdiff
from qtune.doctor.report.layout import wrap
from qtune.doctor.report.pieces import STYLES, glyph, hanging, text_width, together
from qtune.doctor.report.view import View, mends

_BODY = 11  # where messages begin: glyph, blank, a code of up to seven characters, two blanks


@dataclass
class Cause:
    """`following` are the findings that come from it, `checks` those that could not be made because of it."""

    finding: Finding
    following: list[Finding] = field(default_factory=list)
    checks: list[str] = field(default_factory=list)


def causes(report: Report) -> list[Cause]:
    """Every finding and every blamed check in exactly one place; two that blame each other are both causes."""
    result: list[Cause] = []
    placed: set[int] = set()
    roots = [f for f in report.findings if f.because is None]
    for finding in (*roots, *report.findings):
        if id(finding) in placed:
            continue
        placed.add(id(finding))
        cause = Cause(finding)
        codes = [finding.code]
        for code in codes:  # grows while what follows is found
            for other in report.findings:
                if other.because == code and id(other) not in placed:
                    placed.add(id(other))
                    cause.following.append(other)
                    codes.append(other.code)
        result.append(cause)
    for check in report.checks:
        named = (c for c in result if check.because in {f.code for f in (c.finding, *c.following)})
        first = next(named, None) if check.because is not None else None
        if first is not None:
            first.checks.append(check.check)
    return result


def blocks(report: Report, view: View) -> Iterator[list[Text]]:
    for cause in causes(report):
        lines = _headline(cause.finding, view, 0) + _details(cause.finding, view, _BODY)
        if cause.finding.fix is not None:
            lines += _fix(cause.finding, cause.finding.fix, view)
        yield lines + _folded(cause, view)


def _headline(finding: Finding, view: View, indent: int) -> list[Text]:
    style = STYLES[finding.severity]
    said = wrap(redact(finding.message.to(view.lang)), max(20, text_width(view) - indent - _BODY))
    first = Text(" " * indent)
    first.append(f"{glyph(finding.severity, view.glyphs)} {finding.code:<7}", style)
    first.append(f"  {said[0]}", "bold" if not indent else "")
    rest = [Text(" " * (indent + _BODY) + line, "bold" if not indent else "") for line in said[1:]]
    return [first, *rest]


def _details(finding: Finding, view: View, indent: int) -> list[Text]:
    mark = f"{view.glyphs.bullet} "
    lines: list[Text] = []
    if finding.span is not None and f"line {finding.span.line}" not in finding.message.en:
        lines += hanging(place(finding.span), indent, view, "dim", mark)
    for evidence in finding.evidence:
        lines += hanging(evidence.to(view.lang), indent, view, "dim", mark)
    return lines


def place(span: Span) -> str:
    """As editors and terminals understand it; a `.env` goes by its name, a report by many folders."""
    name = span.path.replace("\\", "/").rpartition("/")[2]
    path = name if name.startswith(".env") else span.path
    return f"{path}:{span.line}:{span.column}" if span.line else path


def _fix(finding: Finding, fix: Fix, view: View) -> list[Text]:
    mark = f"{view.glyphs.arrow} "
    if fix.applicability is Applicability.MANUAL or not mends(finding):
        lines = hanging(fix.title.to(view.lang), _BODY, view, "", mark)
        for step in (fix.command, fix.url):
            if step and step not in fix.title.to(view.lang):
                lines.append(Text(" " * (_BODY + len(mark)) + redact(step), "bold"))
        return lines
    flag = "--fix --unsafe-fixes" if fix.applicability is Applicability.UNSAFE else "--fix"
    if fix.patch is not None:
        written = [
            f"{key}={envdiff.shown_value(key, value)}" for key, value in fix.patch.set.items()
        ]
        removed = [view.say(f"without {key}", f"删去 {key}") for key in sorted(fix.patch.unset)]
        text = f".env: {', '.join([*written, *removed])}"
    else:
        text = fix.title.to(view.lang)
    return hanging(f"{text}  ({flag})", _BODY, view, "", mark)


def _folded(cause: Cause, view: View) -> list[Text]:
    branch = f"  {view.glyphs.branch} "
    lines: list[Text] = []
    for other in cause.following:
        first, *rest = _headline(other, view, len(branch))
        lines.append(Text().append(branch, "dim").append_text(first[len(branch) :]))
        lines += rest
        if view.verbosity:
            lines += _details(other, view, _BODY + len(branch))
    if cause.checks:
        lines += _not_checked(cause.checks, view)
    return lines


def _not_checked(checks: Iterable[str], view: View) -> list[Text]:
    text = view.say("not checked because of this: ", "因此未能检查：") + together([*checks], view)
    return hanging(text, 2, view, "dim", f"{view.glyphs.branch} ")
