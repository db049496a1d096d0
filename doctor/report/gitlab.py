"""The report as GitLab's code quality JSON; pure ASCII, whatever the console."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from qtune.core.errors import QtuneError
from qtune.core.text import Lang, Text
from qtune.doctor.facts import Facts, SettingFact
from qtune.doctor.finding import Finding, Severity, finding_of
from qtune.doctor.outcome import Report
from qtune.doctor.report.asked import DOCTOR
from qtune.doctor.report.paths import slashes
from qtune.doctor.report.words import (
    broken_off,
    decides,
    fingerprints,
    left_out,
    name_of,
    not_made,
    one_line,
    places,
    unmade,
)

_SEVERITIES = {Severity.ERROR: "critical", Severity.WARNING: "minor", Severity.INFO: "info"}


def render(report: Report, exit_code: int, lang: Lang) -> str:
    """Also what could not be looked at; GitLab knows no other place for it."""
    rows = _findings(report.findings, report.facts, lang)
    top = decides(report.facts)
    for check in unmade(report):
        if check.state != "skipped":
            severity = "critical" if check.state == "crashed" else "minor"
            text = f"{check.check}: {not_made(check, lang)}"
            mark = f"qtune-check-{one_line(check.check)}"
            rows.append(_row(f"check-{check.state}", text, mark, severity, top, 1, 1))
    for reason, names in left_out(report).items():
        words = Text(f"left out ({reason}): {names}", f"已跳过（{reason}）：{names}")
        mark = f"qtune-left-out-{reason}"
        rows.append(_row("check-skipped", words.to(lang), mark, "info", top, 1, 1))
    return json.dumps(rows, indent=2) + "\n"


def failed(
    error: BaseException,
    exit_code: int,
    lang: Lang,
    settings: Iterable[SettingFact] = (),
    took_ms: int = 0,
    command: str = DOCTOR,
) -> str:
    if isinstance(error, QtuneError):
        rows = _findings([finding_of(error)], None, lang)
    else:
        text = broken_off(error, lang)
        name = command.replace(" ", "-")
        rows = [_row(name, text, f"{name}-broken-off", "critical", ".env", 1, 1)]
    return json.dumps(rows, indent=2) + "\n"


def _findings(findings: Sequence[Finding], facts: Facts | None, lang: Lang) -> list[dict[str, Any]]:
    rows = []
    spans = places(findings, facts)
    for finding, span, mark in zip(findings, spans, fingerprints(findings), strict=True):
        text = f"{finding.code} {finding.message.to(lang)}"
        name = f"{finding.code} {name_of(finding.code)}"
        severity = _SEVERITIES[finding.severity]
        first = max(1, span.line)
        rows.append(_row(name, text, mark, severity, span.path, first, span.end_line or first))
    return rows


def _row(
    name: str, text: str, mark: str, severity: str, path: str, begin: int, end: int
) -> dict[str, Any]:
    return {
        "description": one_line(text),
        "check_name": name,
        "fingerprint": mark,
        "severity": severity,
        "location": {"path": one_line(slashes(path)), "lines": {"begin": begin, "end": end}},
    }
