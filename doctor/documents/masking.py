"""Findings that may be kept when the secrets of the text they speak of are forgotten."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from qtune.core.secret import redact_all
from qtune.core.text import Text
from qtune.doctor.finding import Finding


def masked(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """All that a person is shown of them is redacted; edits are not, for they are put in as they are."""
    words = [
        word for finding in findings for text in _texts(finding) for word in (text.en, text.zh)
    ]
    clean = redact_all(words)
    if clean == words:
        return tuple(findings)
    shown = iter(clean)
    return tuple(_with(finding, shown) for finding in findings)


def _texts(finding: Finding) -> Iterator[Text]:
    yield finding.message
    yield from finding.evidence
    if finding.fix is not None:
        yield finding.fix.title


def _with(finding: Finding, shown: Iterator[str]) -> Finding:
    """In the order of `_texts`."""

    def text() -> Text:
        return Text(next(shown), next(shown))

    message = text()
    evidence = tuple(text() for _ in finding.evidence)
    fix = replace(finding.fix, title=text()) if finding.fix is not None else None
    return replace(finding, message=message, evidence=evidence, fix=fix)
