"""Between the doctor's places (1-based characters) and the protocol's (0-based, in the client's units)."""

from __future__ import annotations

from collections.abc import Sequence

from lsprotocol import types
from pygls.workspace import PositionCodec

from qtune.core.secret import redact
from qtune.core.text import Lang
from qtune.doctor.finding import Edit, Finding, Span
from qtune.doctor.lsp.client import Client
from qtune.doctor.lsp.plain import SEVERITIES, SOURCE, TAGS, At, Places, message
from qtune.doctor.rules import one


class Lines(Places):
    """The lines of one version of a document, in this client's units and pygls' types."""

    def __init__(self, text: str, codec: PositionCodec) -> None:
        super().__init__(text, lambda part: int(codec.client_num_units(part)))

    def position(self, line: int, column: int) -> types.Position:
        return types.Position(*self.at(line, column))

    def range(self, span: Span) -> types.Range:
        """A span without an end is the rest of its line."""
        return _range(self.stretch(span))

    def exact(self, span: Span) -> types.Range:
        """For edits: an empty span is a place to insert at."""
        return _range(self.exactly(span))

    def place(self, position: types.Position) -> tuple[int, int]:
        """The 1-based line and column of the client's position."""
        return self.column_at(position.line, position.character)


def _range(stretch: tuple[At, At]) -> types.Range:
    return types.Range(types.Position(*stretch[0]), types.Position(*stretch[1]))


def diagnostic(
    finding: Finding, lines: Lines, uri: str, client: Client, page: str
) -> types.Diagnostic:
    """`page` is the address of the rule's page, "" for none. A client gets nothing that it cannot show."""
    where = lines.range(finding.span or Span("", 1, 1, 1, 1))
    return types.Diagnostic(
        range=where,
        message=message(finding, client.lang),
        severity=types.DiagnosticSeverity(SEVERITIES[finding.severity]),
        code=finding.code,
        code_description=types.CodeDescription(href=page) if page else None,
        source=SOURCE,
        tags=_tags(finding) if client.tags else None,
        related_information=_related(finding, lines, uri, client.lang) if client.related else None,
    )


def _tags(finding: Finding) -> list[types.DiagnosticTag] | None:
    rule = one(finding.code)
    return [types.DiagnosticTag(TAGS[rule.tag])] if rule is not None and rule.tag else None


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


def text_edits(edits: Sequence[Edit], lines: Lines) -> list[types.TextEdit]:
    return [types.TextEdit(lines.exact(edit.span), edit.text) for edit in edits]
