"""The texts that lie open, as the client has them: each change is made at the very place that the protocol means.

pygls' own documents also break lines at form feeds and U+2028, and take a place beyond a line for one ahead of
its end; a text that has drifted once never comes back.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import islice
from urllib.parse import unquote

from lsprotocol import types
from pygls.workspace import TextDocument, Workspace

from qtune.doctor.lsp.plain import Places

_BREAK = re.compile(r"\r\n|\n|\r")


class Text(TextDocument):
    def _apply_incremental_change(self, change: types.TextDocumentContentChangePartial) -> None:
        text, units = self.source, self.position_codec.client_num_units
        ends = (change.range.start, change.range.end)
        begin, end = sorted(_offset(text, at.line, at.character, units) for at in ends)
        self._source = text[:begin] + change.text + text[end:]


def _offset(text: str, line: int, character: int, units: Callable[[str], int]) -> int:
    """Of a place that is not in the text, that of the nearest that is."""
    start = 0
    if line > 0:
        broken = next(islice(_BREAK.finditer(text), line - 1, None), None)
        if broken is None:
            return len(text)
        start = broken.end()
    end = _BREAK.search(text, start)
    row = text[start : end.start() if end else len(text)]
    return start + Places(row, units).column_at(0, character)[1] - 1


class Texts(Workspace):
    """What is said of a document that is not open is passed over."""

    def _create_text_document(
        self,
        doc_uri: str,
        source: str | None = None,
        version: int | None = None,
        language_id: str | None = None,
    ) -> Text:
        kind, codec = self._sync_kind, self._position_codec
        return Text(doc_uri, source, version, language_id, sync_kind=kind, position_codec=codec)

    def update_text_document(
        self,
        text_doc: types.VersionedTextDocumentIdentifier,
        change: types.TextDocumentContentChangeEvent,
    ) -> None:
        if unquote(text_doc.uri) in self._text_documents:
            super().update_text_document(text_doc, change)

    def update_notebook_document(self, params: types.DidChangeNotebookDocumentParams) -> None:
        if unquote(params.notebook_document.uri) in self._notebook_documents:
            super().update_notebook_document(params)

    @classmethod
    def instead_of(cls, other: Workspace) -> Texts:
        """As the client has described it in its `initialize` request."""
        folders = list(other.folders.values())
        return cls(other.root_uri, other._sync_kind, folders, other.position_encoding)
