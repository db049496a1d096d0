"""What the cache alone can give: a snapshot that is known to be whole, or why there is none."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from qtune.core.download.plan import select
from qtune.core.download.store import HubCache
from qtune.core.errors import DownloadError
from qtune.core.hub.names import is_commit
from qtune.core.sources import Source
from qtune.core.text import Text


@dataclass(frozen=True)
class Cached:
    """A whole snapshot. `listed_by` None: another program put it there, with no listing beside it."""

    path: Path
    commit: str
    files: tuple[str, ...]
    size: int
    listed_by: Source | None


@dataclass(frozen=True)
class Lacking:
    """`missing` files of the best snapshot there is; none: there is no snapshot at all."""

    missing: tuple[str, ...]


def look(
    store: HubCache,
    chosen: Source,
    revision: str | None,
    include: Sequence[str],
    exclude: Sequence[str],
) -> Cached | Lacking:
    """No request, and no write but to remember a hash."""
    lacking = Lacking(())
    for commit in _commits(store, chosen, revision):
        found = _at(store, commit, include, exclude)
        if isinstance(found, Cached):
            return found
        if found.missing and not lacking.missing:
            lacking = found
    return lacking


def _commits(store: HubCache, chosen: Source, revision: str | None) -> list[str]:
    """The chosen hub's own idea of the revision first; `main` is what other tools would take."""
    if revision is not None and is_commit(revision):
        return [revision]
    if revision in (None, "main", "master"):
        names = ["modelscope/master", "main"]
        if chosen.kind != "modelscope":
            names.reverse()
    else:
        names = [f"modelscope/{revision}", str(revision)]
    return list(dict.fromkeys(c for c in map(store.ref, names) if c is not None))


def _at(
    store: HubCache, commit: str, include: Sequence[str], exclude: Sequence[str]
) -> Cached | Lacking:
    folder = store.snapshot(commit)
    saved = store.manifest(commit)
    if saved is None:
        return _foreign(folder, commit)
    manifest = saved.manifest
    files = select(manifest, include, exclude, only_harmless=saved.only_harmless)
    lacking = sorted((f for f in files if not store.shows(f, commit)), key=lambda f: -f.size)
    missing = tuple(f.path for f in lacking)
    if missing:
        return Lacking(missing)
    size = sum(f.size for f in files)
    return Cached(folder, commit, tuple(sorted(f.path for f in files)), size, manifest.listed_by)


def _foreign(folder: Path, commit: str) -> Cached | Lacking:
    """Without a listing, the index of the weights tells whether they are all there."""
    paths = sorted(p for p in folder.rglob("*") if not p.is_dir()) if folder.is_dir() else []
    here = {p.relative_to(folder).as_posix() for p in paths if p.is_file()}
    broken = tuple(p.relative_to(folder).as_posix() for p in paths if not p.is_file())
    missing = broken + tuple(sorted(_indexed(folder) - here))
    if missing or "config.json" not in here:
        return Lacking(missing or ("config.json",) if here else ())
    size = sum(p.stat().st_size for p in paths)
    return Cached(folder, commit, tuple(sorted(here)), size, None)


def _indexed(folder: Path) -> set[str]:
    try:
        index = json.loads((folder / "model.safetensors.index.json").read_bytes())
        return {str(name) for name in index["weight_map"].values()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return set()


def incomplete(repo_id: str, lacking: Lacking, why: Text) -> DownloadError:
    names = ", ".join(lacking.missing[:3])
    count = len(lacking.missing)
    return DownloadError(
        "DWN001",
        Text(
            f"{why.en}, and the cache "
            + (f"lacks {count} files of {repo_id} ({names})" if count else f"has no {repo_id}"),
            f"{why.zh}，而缓存中"
            + (f"的 {repo_id} 缺少 {count} 个文件（{names}）" if count else f"没有 {repo_id}"),
        ),
        Text(
            f"Run `qtune download {repo_id}` once with a network, or unset HF_HUB_OFFLINE.",
            f"请先在有网络时运行一次 `qtune download {repo_id}`，或取消 HF_HUB_OFFLINE。",
        ),
    )
