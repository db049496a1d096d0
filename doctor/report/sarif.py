"""The report as SARIF 2.1.0, for code scanning and for editors that read it; pure ASCII, whatever the console."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import repeat
from typing import Any

from qtune import __version__
from qtune.core.errors import QtuneError
from qtune.core.text import Lang
from qtune.doctor.codec import to_plain
from qtune.doctor.facts import Facts, SettingFact, Suppression
from qtune.doctor.finding import Edit, Finding, Fix, Severity, Span, finding_of
from qtune.doctor.outcome import CheckState, Report
from qtune.doctor.page import markdown
from qtune.doctor.report.asked import DOCTOR
from qtune.doctor.report.paths import uri
from qtune.doctor.report.words import (
    broken_off,
    fingerprints,
    name_of,
    not_made,
    places,
    told,
    unmade,
    way_out,
)
from qtune.doctor.rules import BY_CODE
from qtune.doctor.suppression.settle import Ignored, place_of

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}


def render(report: Report, exit_code: int, lang: Lang) -> str:
    crashed = any(check.state == "crashed" for check in report.checks)
    invocation = {
        "executionSuccessful": not crashed,
        "exitCode": exit_code,
        **_times(report.started, report.took_ms),
        "toolExecutionNotifications": [_notification(check, lang) for check in unmade(report)],
    }
    goal = {k: told(v) if isinstance(v, str) else v for k, v in to_plain(report.facts.goal).items()}
    properties = {"goal": goal, "suppressed": list(report.suppressed)}
    return _log(report.findings, report.facts, invocation, properties, lang, report.ignored)


def failed(
    error: BaseException,
    exit_code: int,
    lang: Lang,
    settings: Iterable[SettingFact] = (),
    took_ms: int = 0,
    command: str = DOCTOR,
) -> str:
    """The log of an examination that could not be made: what stood in the way is its only result."""
    notification = {
        "level": "error",
        "message": _message(broken_off(error, lang)),
        "descriptor": {"id": error.code if isinstance(error, QtuneError) else "broken-off"},
    }
    invocation = {
        "executionSuccessful": False,
        "exitCode": exit_code,
        "toolExecutionNotifications": [notification],
    }
    findings = [finding_of(error)] if isinstance(error, QtuneError) else []
    return _log(findings, None, invocation, {}, lang)


def _log(
    findings: Sequence[Finding],
    facts: Facts | None,
    invocation: dict[str, Any],
    properties: dict[str, Any],
    lang: Lang,
    ignored: Sequence[Ignored] = (),
) -> str:
    told_of = len(findings)
    findings = (*findings, *(item.finding for item in ignored))
    codes = list(dict.fromkeys(finding.code for finding in findings))
    spans = places(findings, facts)
    suppressions = [*repeat([], told_of), *([_suppression(item.by)] for item in ignored)]
    language = "zh-CN" if lang == "zh" else "en-US"
    run = {
        "tool": {
            "driver": {
                "name": "qtune",
                "version": __version__,
                "semanticVersion": __version__,
                "language": language,
                "rules": [_rule(code, lang) for code in codes],
            }
        },
        "language": language,
        "columnKind": "unicodeCodePoints",  # as spans count; the files are not read again for this
        "invocations": [invocation],
        "results": [
            {**_result(finding, span, codes, lang), "partialFingerprints": {"qtune/v1": print_}}
            | _related(finding, findings)
            | {"suppressions": why}
            for finding, span, print_, why in zip(
                findings, spans, fingerprints(findings), suppressions, strict=True
            )
        ],
        "properties": properties,
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _rule(code: str, lang: Lang) -> dict[str, Any]:
    rule = BY_CODE.get(code)
    if rule is None:
        return {"id": code, "name": name_of(code)}
    page = told(markdown(rule, lang))
    return {
        "id": code,
        "name": rule.name,
        "shortDescription": {"text": told(rule.title.to(lang))},
        "fullDescription": {"text": told(rule.page.what.to(lang).strip())},
        "help": {"text": page, "markdown": page},
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
        "properties": {"tags": [code.rstrip("0123456789")]},
    }


def _result(finding: Finding, span: Span, codes: list[str], lang: Lang) -> dict[str, Any]:
    evidence = [told(item.to(lang)) for item in finding.evidence]
    properties: dict[str, Any] = {"evidence": evidence}
    if finding.because is not None:
        properties["because"] = finding.because
    if finding.url:
        properties["url"] = told(finding.url)
    lines = [told(finding.message.to(lang)), *(f"- {item}" for item in evidence)]
    result = {
        "ruleId": finding.code,
        "ruleIndex": codes.index(finding.code),
        "level": _LEVELS[finding.severity],
        "message": _message("\n".join(lines)),
        "locations": [{"physicalLocation": _physical(span)}],
        "properties": properties,
    }
    fix = finding.fix
    if fix is not None:
        properties["fix"] = {
            "applicability": fix.applicability.value,
            "steps": [told(step) for step in way_out(fix, lang)],
        }
        # An edit in which a secret had to be masked would destroy what it mends.
        if fix.edits and all(told(edit.text) == edit.text for edit in fix.edits):
            result["fixes"] = [_fix(fix, lang)]
    return result


def _suppression(by: Suppression) -> dict[str, Any]:
    """In the judged file itself, or for the whole project beside it."""
    location = {"physicalLocation": _physical(place_of(by))}
    row = {"kind": "external" if by.scope == "project" else "inSource", "location": location}
    return {**row, "justification": told(by.reason)} if by.reason else row


def _related(finding: Finding, findings: Sequence[Finding]) -> dict[str, Any]:
    """The place of the cause, where it has one of its own."""
    cause = next((f for f in findings if f.code == finding.because and f.span is not None), None)
    if cause is None or cause.span is None:
        return {}
    location = {"physicalLocation": _physical(cause.span), "message": _message(cause.code)}
    return {"relatedLocations": [location]}


def _physical(span: Span) -> dict[str, Any]:
    return {"artifactLocation": {"uri": uri(span.path)}, "region": _region(span)}


def _region(span: Span) -> dict[str, int]:
    """A whole file is its first line: code scanning takes no place without one."""
    region = {"startLine": max(1, span.line)}
    end = (span.end_line or span.line, span.end_column or span.column)
    if span.line > 0 and end > (span.line, span.column):  # otherwise the whole line
        region |= {"startColumn": max(1, span.column), "endLine": end[0], "endColumn": end[1]}
    return region


def _fix(fix: Fix, lang: Lang) -> dict[str, Any]:
    files: dict[str, list[Edit]] = {}
    for edit in fix.edits:
        files.setdefault(edit.span.path, []).append(edit)
    changes = [
        {
            "artifactLocation": {"uri": uri(path)},
            "replacements": [_replacement(edit) for edit in edits],
        }
        for path, edits in files.items()
    ]
    return {"description": _message(told(fix.title.to(lang))), "artifactChanges": changes}


def _replacement(edit: Edit) -> dict[str, Any]:
    span = edit.span
    region = {
        "startLine": span.line,
        "startColumn": span.column,
        "endLine": span.end_line or span.line,
        "endColumn": span.end_column or span.column,
    }
    return {"deletedRegion": region, "insertedContent": {"text": edit.text}}


def _notification(check: CheckState, lang: Lang) -> dict[str, Any]:
    level = {"crashed": "error", "unknown": "warning"}.get(check.state, "note")
    text = f"{check.check}: {not_made(check, lang)}"
    return {"level": level, "message": _message(told(text)), "descriptor": {"id": check.state}}


# A reader takes [words](target) in a message for a link, and {0} for a place to fill.
_LINK = re.compile(r"\]\(")


def _message(text: str) -> dict[str, str]:
    return {"text": _LINK.sub("] (", text).replace("{", "{{").replace("}", "}}")}


def _times(started: str, took_ms: int) -> dict[str, str]:
    try:
        begin = datetime.fromisoformat(started).astimezone(UTC)
    except ValueError:
        return {}
    end = begin + timedelta(milliseconds=took_ms)
    form = "%Y-%m-%dT%H:%M:%S.%fZ"
    return {"startTimeUtc": begin.strftime(form), "endTimeUtc": end.strftime(form)}
