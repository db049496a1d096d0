"""Between the doctor's places (1-based characters) and the protocol's (0-based, in the client's units)."""

from __future__ import annotations

import re
from collections.abc import Sequence

from lsprotocol import types
from pygls.workspace import PositionCodec

from qtune.core.secret import redact
from qtune.core.text import Lang
from qtune.doctor.finding import Edit, Finding, Severity, Span
from qtune.doctor.lsp.client import Client
from qtune.doctor.rules import one

SOURCE = "qtune"
_BREAK = re.compile(r"\r\n|\n|\r")
_SEVERITY = {
    Severity.ERROR: types.DiagnosticSeverity.Error,
    Severity.WARNING: types.DiagnosticSeverity.Warning,
    Severity.INFO: types.DiagnosticSeverity.Information,
}


class Lines:
    """The lines of one version of a document, and where a character of one stands for this client."""

    def __init__(self, text: str, codec: PositionCodec) -> None:
        # As the doctor counts: str.splitlines() would also break at form feeds and U+2028.
        self.lines = _BREAK.split(text)
        self.codec = codec

    def position(self, line: int, column: int) -> types.Position:
        """Of a place that is 1-based; one beyond the text is the nearest that is in it."""
        line = min(max(line, 1), len(self.lines))
        text = self.lines[line - 1]
        ahead = text[: min(max(column - 1, 0), len(text))]
        return types.Position(line - 1, len(ahead) if ahead.isascii() else self._units(ahead))

    def _units(self, text: str) -> int:
        return int(self.codec.client_num_units(text))

    def range(self, span: Span) -> types.Range:
        """A span without an end is the rest of its line."""
        start = self.position(span.line, span.column)
        if not span.end_line or (span.end_line, span.end_column) == (span.line, span.column):
            return types.Range(start, self.position(span.line, len(self._line(span.line)) + 1))
        return types.Range(start, self.position(span.end_line, span.end_column or 1))

    def exact(self, span: Span) -> types.Range:
        """For edits: an empty span is a place to insert at."""
        end_line = span.end_line or span.line
        end_column = span.end_column or span.column
        return types.Range(
            self.position(span.line, span.column), self.position(end_line, end_column)
        )

    def place(self, position: types.Position) -> tuple[int, int]:
        """The 1-based line and column of the client's position."""
        line = min(max(position.line, 0), len(self.lines) - 1)
        text, units = self.lines[line], max(position.character, 0)
        if text.isascii():
            return line + 1, min(units, len(text)) + 1
        ahead = 0
        for column, character in enumerate(text):
            if ahead >= units:  # inside a pair of surrogates: behind it
                return line + 1, column + 1
            ahead += self._units(character)
        return line + 1, len(text) + 1

    def _line(self, line: int) -> str:
        return self.lines[min(max(line, 1), len(self.lines)) - 1]


def diagnostic(
    finding: Finding, lines: Lines, uri: str, client: Client, page: str
) -> types.Diagnostic:
    """`page` is the address of the rule's page, "" for none. A client gets nothing that it cannot show."""
    where = lines.range(finding.span or Span("", 1, 1, 1, 1))
    return types.Diagnostic(
        range=where,
        message=message(finding, client.lang),
        severity=_SEVERITY[finding.severity],
        code=finding.code,
        code_description=types.CodeDescription(href=page) if page else None,
        source=SOURCE,
        tags=_tags(finding) if client.tags else None,
        related_information=_related(finding, lines, uri, client.lang) if client.related else None,
    )


_TAGS = {
    "deprecated": types.DiagnosticTag.Deprecated,
    "unnecessary": types.DiagnosticTag.Unnecessary,
}


def _tags(finding: Finding) -> list[types.DiagnosticTag] | None:
    rule = one(finding.code)
    return [_TAGS[rule.tag]] if rule is not None and rule.tag else None


def _related(
    finding: Finding, lines: Lines, uri: str, lang: Lang
) -> list[types.DiagnosticRelatedInformation] | None:
    """Places of the same document only: what lies in others was not read."""
    own = finding.span.path if finding.span is not None else ""
    return [
        types.DiagnosticRelatedInformation(
            types.Location(uri, lines.range(other.span)), redact(other.message.to(lang))
        )
        for other in finding.related
        if other.span.path == own
    ] or None


def message(finding: Finding, lang: Lang) -> str:
    """What is wrong, what shows it, and what mends it: some clients show nothing but this."""
    said = [finding.message.to(lang)]
    said += [f"  {line.to(lang)}" for line in finding.evidence]
    if finding.fix is not None:
        said.append(("修复：" if lang == "zh" else "Fix: ") + finding.fix.title.to(lang))
        if finding.fix.command:
            said.append(f"  {finding.fix.command}")
    return redact("\n".join(said))


def text_edits(edits: Sequence[Edit], lines: Lines) -> list[types.TextEdit]:
    return [types.TextEdit(lines.exact(edit.span), edit.text) for edit in edits]
