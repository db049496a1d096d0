"""The report as workflow commands of GitHub Actions: each finding an annotation, at its line where it has one."""

from __future__ import annotations

from collections.abc import Iterable

from qtune.core.errors import QtuneError
from qtune.core.text import Lang, Text
from qtune.doctor.facts import SettingFact
from qtune.doctor.finding import Finding, Severity, Span, finding_of
from qtune.doctor.outcome import Report
from qtune.doctor.report.asked import DOCTOR, command_of
from qtune.doctor.report.paths import slashes
from qtune.doctor.report.words import (
    broken_off,
    left_out,
    name_of,
    not_made,
    paragraph,
    told,
    unmade,
)

_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}
_CHECKS = {"crashed": "error", "unknown": "warning"}


def render(report: Report, exit_code: int, lang: Lang) -> str:
    lines = [_finding(finding, lang) for finding in report.findings]
    for check in unmade(report):
        if check.state != "skipped":
            title = {"title": check.check}
            lines.append(_command(_CHECKS[check.state], title, not_made(check, lang)))
    for reason, names in left_out(report).items():
        words = Text(f"left out ({reason}): {names}", f"已跳过（{reason}）：{names}")
        lines.append(_command("notice", {"title": command_of(report.facts)}, words.to(lang)))
    return "".join(line + "\n" for line in (*lines, _end(report, exit_code, lang)))


def failed(
    error: BaseException,
    exit_code: int,
    lang: Lang,
    settings: Iterable[SettingFact] = (),
    took_ms: int = 0,
    command: str = DOCTOR,
) -> str:
    if isinstance(error, QtuneError):
        line = _finding(finding_of(error), lang)
    else:
        line = _command("error", {"title": command}, broken_off(error, lang))
    return f"{line}\n{command}: {_exit(exit_code, lang)}\n"


def _end(report: Report, exit_code: int, lang: Lang) -> str:
    """The last line, for whoever reads the log: our own words only, so that it cannot be a command."""
    counts = [sum(f.severity is severity for f in report.findings) for severity in Severity]
    words = Text(
        "errors: {}, warnings: {}, notes: {}; ".format(*counts),
        "错误 {}，警告 {}，提示 {}；".format(*counts),
    )
    quiet = len(report.ignored)
    more = Text(f"suppressed: {quiet}; ", f"已忽略 {quiet}；").to(lang) if quiet else ""
    return f"{command_of(report.facts)}: {words.to(lang)}{more}{_exit(exit_code, lang)}"


def _exit(code: int, lang: Lang) -> str:
    return Text(f"exit {code}", f"退出码 {code}").to(lang)


def _finding(finding: Finding, lang: Lang) -> str:
    place = {} if finding.span is None else _place(finding.span)
    title = f"{finding.code} {name_of(finding.code)}"
    return _command(
        _COMMANDS[finding.severity], {**place, "title": title}, paragraph(finding, lang)
    )


def _place(span: Span) -> dict[str, str]:
    """GitHub takes columns only where they are of one line."""
    place = {"file": slashes(span.path)}
    if span.line > 0:
        end = span.end_line or span.line
        place |= {"line": str(span.line), "endLine": str(end)}
        if end == span.line and span.end_column > span.column:
            place |= {"col": str(span.column), "endColumn": str(span.end_column)}
    return place


def _command(name: str, properties: dict[str, str], message: str) -> str:
    listed = ",".join(f"{key}={_property(value)}" for key, value in properties.items())
    return f"::{name} {listed}::{_data(message)}"


def _data(text: str) -> str:
    return told(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
