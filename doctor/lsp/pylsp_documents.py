"""A document that lies open in python-lsp-server: judged as `qtune check` does, answered as plain JSON."""

from __future__ import annotations

import os
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

from qtune.core.text import Lang, language
from qtune.doctor.documents.check import Checked, check
from qtune.doctor.documents.kinds import kind_of
from qtune.doctor.documents.surroundings import suppressions, world_of
from qtune.doctor.documents.world import World
from qtune.doctor.finding import Applicability, Edit, Finding
from qtune.doctor.lsp import plain
from qtune.doctor.lsp.plain import Places

LARGEST = 4 << 20  # characters
_KEPT = "qtune"  # among what pylsp's plugins keep with a document
_CANDIDATES = {"key": 10, "value": 12, "repo_id": 18, "file": 17, "folder": 19, "code": 21}

Json = dict[str, Any]


class PylspDocument(Protocol):
    """What is used of pylsp's Document, and of its Cell."""

    uri: str
    path: str
    shared_data: dict[str, Any]

    @property
    def source(self) -> str: ...


class Opened:
    """`capabilities` are the client's; `root` is the folder that it opened, "" for none."""

    def __init__(self, capabilities: Json, root: str | None, document: PylspDocument) -> None:
        self._client: Json = capabilities.get("textDocument") or {}
        self._document = document
        self.text = document.source
        self.path = _path(document.path)
        self.root = _real(Path(root)) if root else self.path.parent
        self.lang: Lang = language(os.environ.get("QTUNE_LANG") or "auto")

    @cached_property
    def _places(self) -> Places:
        return Places(self.text)

    @cached_property
    def _world(self) -> World:
        return world_of(self.root)

    @property
    def _is_python(self) -> bool:
        """A cell by itself is not judged: pylsp has the whole notebook judged in its place."""
        if len(self.text) > LARGEST or hasattr(self._document, "notebook_uri"):
            return False
        return kind_of(self.path, self.text[:200]) in ("python", "notebook")

    def _judge(self) -> tuple[Finding, ...]:
        if not self._is_python:
            return ()
        given = suppressions(self.root)
        checked: Checked = check(self.text, self.path, self.root, given, world=self._world)
        self._document.shared_data[_KEPT] = (self.text, checked.findings)
        return checked.findings

    def _judged(self) -> tuple[Finding, ...]:
        """Of this text, without judging it again."""
        text, findings = self._document.shared_data.get(_KEPT, (None, ()))
        return findings if text == self.text else self._judge()

    def diagnostics(self) -> list[Json]:
        shows = self._client.get("publishDiagnostics") or {}
        pages, tags = bool(shows.get("codeDescriptionSupport")), bool(shows.get("tagSupport"))
        return [
            plain.diagnostic(
                finding, self._places, self.lang, self._page(finding) if pages else "", tags=tags
            )
            for finding in self._judge()
        ]

    def _page(self, finding: Finding) -> str:
        from qtune.doctor.lsp.pagefiles import address

        return address(finding.code, self.lang)

    def hover(self, position: Json, theirs: Any) -> Any:
        """`theirs` is the answer of pylsp's other plugins, which stays below ours."""
        from qtune.doctor.documents.hover import hover

        if not self._is_python:
            return theirs
        line, column = self._places.column_at(position["line"], position["character"])
        found = hover(
            self.text, self.path, line, column, self._world, self.lang, self._judged(),
            root=self.root,
        )  # fmt: skip
        if found is None:
            return theirs
        words = "\n\n---\n\n".join(part for part in (found.markdown, _words(theirs)) if part)
        where = plain.span(self._places.exactly(found.span))
        return {"contents": {"kind": "markdown", "value": words}, "range": where}

    def completions(self, position: Json) -> list[Json]:
        from qtune.doctor.documents.complete import complete

        if not self._is_python:
            return []
        line, column = self._places.column_at(position["line"], position["character"])
        found = complete(self.text, self.path, line, column, self._world, self.lang, self.root)
        return [
            {
                "label": candidate.label,
                "kind": _CANDIDATES.get(candidate.kind, 1),
                "detail": candidate.detail,
                "documentation": {"kind": "markdown", "value": candidate.documentation},
                "insertText": candidate.insert,
                "textEdit": self._edit(Edit(candidate.span, candidate.insert)),
                "sortText": f"{number:04}",
            }
            for number, candidate in enumerate(found)
        ]

    def actions(self, chosen: Json) -> list[Json]:
        """The fixes of what touches the range."""
        from qtune.doctor.documents.edits import edits_of

        actions = []
        for finding in self._judged():
            told = plain.diagnostic(finding, self._places, self.lang)
            if finding.fix is None or not _touch(told["range"], chosen):
                continue
            edits = [self._edit(e) for e in edits_of(finding.fix, self.text, self.path)]
            if edits:
                actions.append(
                    {
                        "title": finding.fix.title.to(self.lang),
                        "kind": "quickfix",
                        "diagnostics": [told],
                        "isPreferred": finding.fix.applicability is Applicability.SAFE,
                        "edit": {"changes": {self._document.uri: edits}},
                    }
                )
        return actions

    def _edit(self, edit: Edit) -> Json:
        return {"range": plain.span(self._places.exactly(edit.span)), "newText": edit.text}


def _path(name: str) -> Path:
    """What has no name yet, and a notebook that pylsp hands over as one text, is read as cells are."""
    path = _real(Path(name))
    return path if path.suffix else path.with_name(f"{path.name or 'untitled'}.ipynb")


def _real(path: Path) -> Path:
    """jupyter-lsp shows pylsp copies of the documents in a folder of their own."""
    shadow = Path(os.environ.get("JP_LSP_VIRTUAL_DIR") or ".virtual_documents").name
    parts = [part for part in path.parts if part != shadow]
    return Path(*parts) if len(parts) < len(path.parts) else path


def _words(theirs: Any) -> str:
    """Of a hover in any of the protocol's forms."""
    contents = theirs.get("contents") if isinstance(theirs, dict) else None
    parts = contents if isinstance(contents, list) else [contents]
    texts = (part.get("value") if isinstance(part, dict) else part for part in parts)
    return "\n\n".join(text for text in texts if isinstance(text, str) and text)


def _touch(one: Json, other: Json) -> bool:
    def place(end: Json) -> tuple[int, int]:
        return end["line"], end["character"]

    return place(one["start"]) <= place(other["end"]) and place(other["start"]) <= place(one["end"])
