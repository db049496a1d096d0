"""Beginnings of files in a repository's folder: qtune's, which go on, and huggingface_hub's, which do not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from qtune.core.cachestore.contents import Partial
from qtune.core.cachestore.walk import entries, is_folder, is_plain


def partials(root: Path) -> tuple[Partial, ...]:
    return (*_ours(root), *_theirs(root))


def etag_of(incomplete: Path) -> str:
    """huggingface_hub writes <etag>.incomplete or <etag>.<8 hex digits>.incomplete, under the etag's lock."""
    return incomplete.name.partition(".")[0]


def _ours(root: Path) -> Iterator[Partial]:
    if not is_folder(root / ".qtune"):
        return
    for entry in entries(root / ".qtune" / "partial"):
        path = Path(entry.path)
        if path.suffix == ".part" and (have := _length(entry.path)) is not None:
            name, size = _described(path.with_suffix(".json"))
            yield Partial(path, "qtune", have, name, size)


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
        found = json.loads(sidecar.read_bytes())
        name, size = found["path"], found["size"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return "", None
    return (name if isinstance(name, str) else ""), (size if isinstance(size, int) else None)
