"""Findings as the protocol's plain JSON: what pygls is not needed for, and pylsp's plugin has no pygls for."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from qtune.core.secret import redact
from qtune.core.text import Lang
from qtune.doctor.finding import Finding, Severity, Span
from qtune.doctor.rules import one

SOURCE = "qtune"
SEVERITIES = {Severity.ERROR: 1, Severity.WARNING: 2, Severity.INFO: 3}
TAGS = {"unnecessary": 1, "deprecated": 2}

At = tuple[int, int]  # line and character, 0-based
_BREAK = re.compile(r"\r\n|\n|\r")


def utf16(text: str) -> int:
    """What every client counts in that was not asked."""
    return len(text) + sum(character > "\uffff" for character in text)


class Places:
    """The lines of one version of a document; `units` is how long a text is to the client."""

    def __init__(self, text: str, units: Callable[[str], int] = utf16) -> None:
        # As the doctor counts: str.splitlines() would also break at form feeds and U+2028.
        self.lines = _BREAK.split(text)
        self._units = units

    def at(self, line: int, column: int) -> At:
        """Of a place that is 1-based; one beyond the text is the nearest that is in it."""
        line = min(max(line, 1), len(self.lines))
        text = self.lines[line - 1]
        ahead = text[: min(max(column - 1, 0), len(text))]
        return line - 1, len(ahead) if ahead.isascii() else self._units(ahead)

    def stretch(self, span: Span) -> tuple[At, At]:
        """A span without an end is the rest of its line."""
        start = self.at(span.line, span.column)
        if not span.end_line or (span.end_line, span.end_column) == (span.line, span.column):
            line = self.lines[min(max(span.line, 1), len(self.lines)) - 1]
            return start, self.at(span.line, len(line) + 1)
        return start, self.at(span.end_line, span.end_column or 1)

    def exactly(self, span: Span) -> tuple[At, At]:
        """For edits: an empty span is a place to insert at."""
        end = self.at(span.end_line or span.line, span.end_column or span.column)
        return self.at(span.line, span.column), end

    def column_at(self, line: int, character: int) -> tuple[int, int]:
        """The 1-based line and column of the client's place."""
        line = min(max(line, 0), len(self.lines) - 1)
        text, units = self.lines[line], max(character, 0)
        if text.isascii():
            return line + 1, min(units, len(text)) + 1
        ahead = 0
        for column, each in enumerate(text):
            if ahead >= units:  # inside a pair of surrogates: behind it
                return line + 1, column + 1
            ahead += self._units(each)
        return line + 1, len(text) + 1


def message(finding: Finding, lang: Lang) -> str:
    """What is wrong, what shows it, and what mends it: some clients show nothing but this."""
    said = [finding.message.to(lang)]
    said += [f"  {line.to(lang)}" for line in finding.evidence]
    if finding.fix is not None:
        said.append(("修复：" if lang == "zh" else "Fix: ") + finding.fix.title.to(lang))
        if finding.fix.command:
            said.append(f"  {finding.fix.command}")
    return redact("\n".join(said))


def diagnostic(
    finding: Finding, places: Places, lang: Lang, page: str = "", *, tags: bool = False
) -> dict[str, Any]:
    """`page` is the address of the rule's page, "" for none; `tags`: the client shows them."""
    told: dict[str, Any] = {
        "range": span(places.stretch(finding.span or Span("", 1, 1, 1, 1))),
        "message": message(finding, lang),
        "severity": SEVERITIES[finding.severity],
        "code": finding.code,
        "source": SOURCE,
    }
    if page:
        told["codeDescription"] = {"href": page}
    rule = one(finding.code) if tags else None
    if rule is not None and rule.tag:
        told["tags"] = [TAGS[rule.tag]]
    return told


def span(stretch: tuple[At, At]) -> dict[str, Any]:
    """As the protocol's Range."""
    (line, character), (end_line, end_character) = stretch
    return {
        "start": {"line": line, "character": character},
        "end": {"line": end_line, "character": end_character},
    }
