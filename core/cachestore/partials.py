"""Beginnings of files in a repository's folder: qtune's, which go on, and huggingface_hub's, which do not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from qtune.core.cachestore.contents import Partial
from qtune.core.cachestore.walk import entries, is_folder, is_plain
from qtune.core.download.engine.part import journal_of, recorded


def partials(root: Path) -> tuple[Partial, ...]:
    return (*_ours(root), *_theirs(root))


def etag_of(incomplete: Path) -> str:
    """huggingface_hub writes <etag>.incomplete or <etag>.<8 hex digits>.incomplete, under the etag's lock."""
    return incomplete.name.partition(".")[0]


def _ours(root: Path) -> Iterator[Partial]:
    """What is in a file of the full size, its journal says; an older version wrote from front to back.

    `.whole` is the copy of another program's file over which a run was killed.
    """
    if not is_folder(root / ".qtune"):
        return
    for entry in entries(root / ".qtune" / "partial"):
        path = Path(entry.path)
        if path.suffix not in (".part", ".whole") or (length := _length(entry.path)) is None:
            continue
        journal = journal_of(path)
        name, size = _described(path.with_suffix(".json"))
        if path.suffix == ".part" and is_plain(journal):
            name, size = _described(journal)
            have = recorded(path, length if size is None else size, length).total
            yield Partial(path, "qtune", have, name, size)
        else:
            yield Partial(path, "qtune", length, name, size)


def _theirs(root: Path) -> Iterator[Partial]:
    for entry in entries(root / "blobs"):
        if entry.name.endswith(".incomplete") and (have := _length(entry.path)) is not None:
            yield Partial(Path(entry.path), "huggingface_hub", have)


def _length(path: str) -> int | None:
    try:
        return Path(path).lstat().st_size
    except OSError:
        return None


def _described(sidecar: Path) -> tuple[str, int | None]:
    """What the download wrote beside it; a damaged note is no note."""
    if not is_plain(sidecar):
        return "", None
    try:
        with sidecar.open("rb") as note:
            found = json.loads(note.readline())
        name, size = found["path"], found["size"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return "", None
    return (name if isinstance(name, str) else ""), (size if isinstance(size, int) else None)
