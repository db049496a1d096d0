"""The documents that lie open: each is judged once per version, and not while its author is still typing."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from lsprotocol import types
from pygls.uris import to_fs_path
from pygls.workspace import TextDocument, Workspace

from qtune.doctor.documents.check import Checked, check
from qtune.doctor.documents.surroundings import suppressions
from qtune.doctor.documents.world import World
from qtune.doctor.finding import Finding
from qtune.doctor.lsp.convert import Lines

_PAUSE, _QUICK = 0.01, 0.05  # seconds
LARGEST = 4 << 20  # characters; nobody writes such a file by hand


@dataclass(frozen=True)
class Judged:
    """One version of a document and what is wrong with it; `took` in seconds, `number` counts judgements."""

    version: int | None
    text: str
    path: Path
    lines: Lines
    checked: Checked
    took: float = 0.0
    number: int = 0

    @property
    def findings(self) -> tuple[Finding, ...]:
        return self.checked.findings


class Desk:
    """`world` is made anew for each project folder; what it knows may change under a document."""

    def __init__(self, workspace: Callable[[], Workspace], world: Callable[[Path], World]) -> None:
        self._workspace, self._world = workspace, world
        self._judged: dict[
            str, Judged
        ] = {}  # by `_key`, as pygls does: clients differ in what they quote
        self._took: dict[str, float] = {}
        self._count = 0

    def root_of(self, path: Path) -> Path:
        """The folder of the workspace that the file lies in, else the file's own."""
        around = [folder for folder in self.folders() if path.is_relative_to(folder)]
        return max(around, key=lambda folder: len(folder.parts), default=path.parent)

    def folders(self) -> list[Path]:
        workspace = self._workspace()
        uris = [folder.uri for folder in workspace.folders.values()]
        uris = uris or ([workspace.root_uri] if workspace.root_uri else [])
        return [Path(path) for uri in uris if (path := to_fs_path(uri))]

    def world(self, path: Path) -> World:
        return self._world(self.root_of(path))

    def open_uris(self) -> list[str]:
        """As the client has spelled them."""
        return [document.uri for document in self._workspace().text_documents.values()]

    def notebook_of(self, uri: str) -> types.NotebookDocument | None:
        return self._workspace().get_notebook_document(cell_uri=uri)

    def judged(self, uri: str) -> Judged | None:
        """None for what is not open, or nothing of ours. Cells are judged with their notebook."""
        document = self._workspace().text_documents.get(_key(uri))
        if document is None:
            return None
        known = self._judged.get(_key(uri))
        if known is not None:
            return known
        notebook = self.notebook_of(uri)
        if notebook is not None:
            self._judge_cells(notebook)
            return self._judged.get(_key(uri))
        text = document.source
        path = Path(document.path)
        began = time.monotonic()
        checked = Checked(None) if len(text) > LARGEST else self.check(text, path)
        took = time.monotonic() - began
        return self._keep(document, text, path, checked, took)

    def _keep(
        self, document: TextDocument, text: str, path: Path, checked: Checked, took: float
    ) -> Judged:
        self._count += 1
        lines = Lines(text, document.position_codec)
        judged = Judged(document.version, text, path, lines, checked, took, self._count)
        self._judged[_key(document.uri)] = judged
        self._took[_key(document.uri)] = took
        return judged

    def check(self, text: str, path: Path) -> Checked:
        root = self.root_of(path)
        return check(text, path, root, suppressions(root), world=self._world(root))

    def _judge_cells(self, notebook: types.NotebookDocument) -> None:
        from qtune.doctor.documents.source.notebook import check_cells

        documents = self._workspace().text_documents
        cells = [documents[key] for c in notebook.cells if (key := _key(c.document)) in documents]
        path = Path(to_fs_path(notebook.uri) or notebook.uri)
        root = self.root_of(path)
        texts = [cell.source for cell in cells]
        began = time.monotonic()
        found = check_cells(texts, path, root, suppressions(root), self._world(root))
        took = time.monotonic() - began
        own: list[list[Finding]] = [[] for _ in cells]
        for index, finding in found:
            own[index].append(finding)
        for cell, text, findings in zip(cells, texts, own, strict=True):
            self._keep(cell, text, path, Checked("notebook", tuple(findings)), took)
        self._took[_key(notebook.uri)] = took

    def forget(self, uri: str) -> None:
        """A document that has changed, or all cells of a notebook: a change in one may decide about another."""
        self._judged.pop(_key(uri), None)
        notebook = self._workspace().get_notebook_document(notebook_uri=uri)
        for cell in notebook.cells if notebook is not None else ():
            self._judged.pop(_key(cell.document), None)

    def forget_all(self) -> None:
        """Something that documents are judged beside has changed."""
        self._judged.clear()

    def pause(self, uri: str) -> float:
        """Seconds to wait for the next keystroke before judging: longer where judging takes long."""
        took = self._took.get(_key(uri), 0.0)
        return _PAUSE if took < _QUICK else min(2 * took, 1.0)


def _key(uri: str) -> str:
    return unquote(uri)
