"""The report as one JSON document, complete also when something failed; docs/report.schema.json describes it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from qtune import __version__
from qtune.core.errors import QtuneError
from qtune.core.origin import Origin
from qtune.core.secret import redact
from qtune.core.text import Lang
from qtune.doctor.codec import to_plain
from qtune.doctor.facts import SettingFact
from qtune.doctor.finding import Finding, Fix, Span, finding_of
from qtune.doctor.outcome import CheckState, Recommendation, Report
from qtune.doctor.report.asked import DOCTOR
from qtune.doctor.report.envdiff import shown_value
from qtune.doctor.rules import BY_CODE
from qtune.doctor.suppression.settle import place_of

SCHEMA = 1


def render(report: Report, exit_code: int, lang: Lang) -> str:
    facts = to_plain(report.facts)
    goal, rows = facts.pop("goal"), facts.pop("settings")
    assert len(rows) == len(report.facts.settings)
    return _document(
        goal=goal,
        exit=exit_code,
        settings=_settings(report.facts.settings, lang),
        facts=facts,
        checks=[_check(check) for check in report.checks],
        findings=[_finding(finding, lang) for finding in report.findings],
        recommended_env={row.key: _recommended(row, lang) for row in report.recommended},
        suppressed=_suppressed(report, lang),
        took_ms=report.took_ms,
    )


def failed(
    error: BaseException,
    exit_code: int,
    lang: Lang,
    settings: Iterable[SettingFact] = (),
    took_ms: int = 0,
    command: str = DOCTOR,
) -> str:
    """The document of an examination that could not be made: goal and facts are null."""
    return _document(
        goal=None,
        exit=exit_code,
        settings=_settings(settings, lang),
        facts=None,
        checks=[],
        findings=[_finding(finding_of(error), lang)] if isinstance(error, QtuneError) else [],
        recommended_env={},
        suppressed=[],
        took_ms=took_ms,
    )


def _document(**parts: Any) -> str:
    document = {"schema": SCHEMA, "qtune": __version__, **parts}
    return json.dumps(_redacted(document), ensure_ascii=False, indent=2) + "\n"


# Our own words and names, which a secret that happens to spell one must not turn into something else.
_OURS = frozenset(
    ("severity", "state", "applicability", "code", "because", "check", "suppressed",
     "unknown", "kind", "shape", "git", "how", "use", "problem", "client")
)  # fmt: skip


def _redacted(value: Any, key: str = "") -> Any:
    if isinstance(value, str):
        return value if key in _OURS else redact(value)
    if isinstance(value, dict):
        return {redact(k) if "://" in k else k: _redacted(v, k) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_redacted(item, key) for item in value]
    return value


def _settings(rows: Iterable[SettingFact], lang: Lang) -> dict[str, Any]:
    return {row.key: {"value": row.value, "origin": _origin(row.origin, lang)} for row in rows}


def _origin(origin: Origin, lang: Lang) -> str:
    return origin.describe().to(lang)


def _check(check: CheckState) -> dict[str, Any]:
    row: dict[str, Any] = {"check": check.check, "state": check.state}
    if check.because is not None:
        row["because"] = check.because
    elif check.state != "ok":
        row["reason"] = check.reason
    return {**row, "took_ms": check.took_ms}


def _finding(finding: Finding, lang: Lang) -> dict[str, Any]:
    rule = BY_CODE.get(finding.code)
    return {
        "code": finding.code,
        "name": rule.name if rule is not None else finding.code.lower(),
        "severity": finding.severity.value,
        "message": finding.message.to(lang),
        "evidence": [evidence.to(lang) for evidence in finding.evidence],
        "because": finding.because,
        "url": finding.url or page(finding.code, lang),
        "span": _span(finding.span) if finding.span is not None else None,
        "fix": _fix(finding.fix, lang) if finding.fix is not None else None,
    }


def _suppressed(report: Report, lang: Lang) -> list[dict[str, Any]]:
    """Each finding that a comment or pyproject.toml keeps quiet, then the codes that `--skip` left out."""
    rows = [
        {
            "code": item.finding.code,
            "by": item.by.scope,
            "reason": item.by.reason,
            "span": _span(place_of(item.by)),
            "finding": _finding(item.finding, lang),
        }
        for item in report.ignored
    ]
    left_out = {"by": "skip", "reason": "", "span": None, "finding": None}
    return rows + [{"code": code, **left_out} for code in report.suppressed]


def page(code: str, lang: Lang) -> str:
    """The rule's page in qtune's own documentation, relative to the repository."""
    return f"docs/rules/{code}.zh.md" if lang == "zh" else f"docs/rules/{code}.md"


def _span(span: Span) -> dict[str, Any]:
    return {
        "path": span.path,
        "line": span.line,
        "column": span.column,
        "end_line": span.end_line or span.line,
        "end_column": span.end_column or span.column,
    }


def _fix(fix: Fix, lang: Lang) -> dict[str, Any]:
    patch = fix.patch
    return {
        "title": fix.title.to(lang),
        "applicability": fix.applicability.value,
        "env": {key: shown_value(key, value) for key, value in patch.set.items()} if patch else {},
        "unset": sorted(patch.unset) if patch else [],
        "edits": [{"span": _span(edit.span), "text": edit.text} for edit in fix.edits],
        "command": fix.command or by_hand(fix),
        "url": fix.url,
    }


def by_hand(fix: Fix) -> str:
    """What one would type to do by hand what `--fix` does beside `.env`'s lines."""
    if fix.chmod is not None:
        return f"chmod {fix.chmod[1]:o} {fix.chmod[0]}"
    if fix.gitignore is not None:
        return f"echo {fix.gitignore[1]} >> {fix.gitignore[0]}"
    return ""


def _recommended(row: Recommendation, lang: Lang) -> dict[str, Any]:
    return {
        "value": None if row.value is None else shown_value(row.key, row.value),
        "current": row.current,
        "reason": row.reason.to(lang),
        "applicability": row.applicability.value,
    }
