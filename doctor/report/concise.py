"""Findings one to a line, `file:line:column` first, as compilers write them: for terminals, editors and grep."""

from __future__ import annotations

from collections.abc import Iterator

from qtune.core.secret import redact
from qtune.core.text import Lang, Text
from qtune.doctor.finding import Finding, Severity
from qtune.doctor.outcome import Report
from qtune.doctor.report.characters import clean
from qtune.doctor.tally import tally

_COLORS = {Severity.ERROR: "1;31", Severity.WARNING: "1;35", Severity.INFO: "1"}


def render(report: Report, lang: Lang, *, color: bool = False, arrow: str = "→") -> str:
    """Errors, warnings and notes in the order of the report, and a last line that counts them."""
    lines = [line for f in report.findings for line in _lines(f, lang, color, arrow)]
    for check in report.checks:
        if check.state != "ok":
            lines.append(f"{_plain(check.check)}: {_plain(check.reason)}")
    return "".join(line + "\n" for line in (*lines, _end(report, lang)))


def _lines(finding: Finding, lang: Lang, color: bool, arrow: str) -> Iterator[str]:
    span = finding.span
    place = f"{span.path}:{span.line}:{span.column}: " if span is not None else ""
    mark = f"{finding.severity.value} {finding.code}"
    if color:
        mark = f"\x1b[{_COLORS[finding.severity]}m{mark}\x1b[0m"
    yield f"{_plain(place)}{mark} {_plain(finding.message.to(lang))}"
    for evidence in finding.evidence:
        yield f"    {_plain(evidence.to(lang))}"
    if finding.fix is not None:
        yield f"  {arrow} {_plain(finding.fix.title.to(lang))}"
        if finding.fix.command:
            yield f"    {_plain(finding.fix.command)}"


def _plain(text: str) -> str:
    return clean(redact(text)).replace("\n", " ")


def _end(report: Report, lang: Lang) -> str:
    checked = sum(check.state == "ok" for check in report.checks)
    files = Text(f"{checked} file{'s' if checked != 1 else ''}", f"{checked} 个文件").to(lang)
    counts = tally(finding.severity for finding in report.findings)
    if not counts:
        return Text(f"no problems in {files}", f"{files}没有问题").to(lang)
    listed = Text(", ", "，").to(lang).join(part.to(lang) for part in counts)
    return Text(f"{listed} in {files}", f"{files}中有 {listed}").to(lang)
