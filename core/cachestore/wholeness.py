"""Which files a snapshot lacks: by the listing that was kept with it, else by its own links and index."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from qtune.core.cachestore.contents import Kind
from qtune.core.cachestore.walk import below, is_folder, is_plain
from qtune.core.download import manifests
from qtune.core.download.plan import select
from qtune.core.errors import DownloadError

_INDEX = "model.safetensors.index.json"


def lacking(root: Path, shot: Path, kind: Kind) -> tuple[str, ...]:
    """By size alone; what is damaged inside is found by hashing."""
    files = [Path(entry.path) for entry in below(shot)]
    here = {path.relative_to(shot).as_posix(): _size(path) for path in files}
    wanted = _listed(root, shot.name, kind)
    if wanted is None:
        named = dict.fromkeys(_indexed(shot)) if kind == "model" else {}
        wanted = {**named, **dict.fromkeys(here)}
    return tuple(
        sorted(
            name
            for name, size in wanted.items()
            if (have := here.get(name)) is None or (size is not None and have != size)
        )
    )


def _size(path: Path) -> int | None:
    """None for a link that leads nowhere, or round in a circle."""
    try:
        return path.stat().st_size if path.is_file() else None
    except (OSError, ValueError):
        return None


def listing(root: Path, commit: str) -> manifests.Saved | None:
    """The one that qtune kept, else huggingface_hub's."""
    own, tree = (root / place / f"{commit}.json" for place in (".qtune/manifests", "trees"))
    saved = manifests.read_own(own) if is_folder(own.parent) and is_plain(own) else None
    if saved is None and is_folder(tree.parent) and is_plain(tree):
        saved = manifests.read_tree(tree, root, commit)
    return saved


def _listed(root: Path, commit: str, kind: Kind) -> dict[str, int | None] | None:
    saved = listing(root, commit)
    if saved is None:
        return None
    try:
        files = select(replace(saved.manifest, repo_type=kind), only_harmless=saved.only_harmless)
    except DownloadError:
        return None
    return {file.path: file.size for file in files}


def _indexed(shot: Path) -> set[str]:
    index = shot / _INDEX
    try:
        if not is_plain(index.resolve()):
            return set()
        return {str(name) for name in json.loads(index.read_bytes())["weight_map"].values()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError, RuntimeError):
        return set()
