"""What the cache alone can give: a snapshot that is known to be whole, or why there is none."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, replace
from pathlib import Path

from qtune.core.download.checking import check, hashes
from qtune.core.download.events import Tell, nobody
from qtune.core.download.folder import Folder
from qtune.core.download.leftovers import OF_THE_CACHE, Whole
from qtune.core.download.plan import select
from qtune.core.download.reuse import costs_room, reuse
from qtune.core.download.room import require_room, still_to_take
from qtune.core.download.store import HubCache
from qtune.core.errors import DownloadError
from qtune.core.hub.interface import Manifest, RepoFile, RepoType
from qtune.core.hub.names import fetching, is_commit
from qtune.core.sources import Source
from qtune.core.text import Text

DEFAULT_BRANCH = (None, "main", "master")  # whatever each hub calls it


@dataclass(frozen=True)
class Cached:
    """A whole snapshot. `listed_by` None: another program put it there, with no listing beside it."""

    path: Path
    commit: str
    files: tuple[str, ...]
    size: int
    listed_by: Source | None
    listed: tuple[RepoFile, ...] = ()  # with their hashes, where there is a listing


@dataclass(frozen=True)
class Lacking:
    """`missing` files of the best snapshot there is; none: there is no snapshot at all."""

    missing: tuple[str, ...]


@dataclass(frozen=True)
class Wanted:
    """What was asked for; `revision` None is the default branch."""

    repo_id: str
    revision: str | None = None
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    repo_type: RepoType = "model"


def look(
    store: HubCache,
    chosen: Source,
    wanted: Wanted,
    *,
    by_size: bool = False,
    tell: Tell = nobody,
) -> Cached | Lacking:
    """No request, and no write but to remember a hash. `by_size`: nothing is hashed, and a file of the right
    size is taken for the right one."""
    lacking = Lacking(())
    for commit in _commits(store, chosen, wanted.revision):
        found = _at(store, commit, wanted, None if by_size else tell)
        if isinstance(found, Cached):
            return found
        if found.missing and not lacking.missing:
            lacking = found
    return lacking


def look_in(folder: Folder, wanted: Wanted, *, tell: Tell = nobody) -> Cached | None:
    """What an earlier run put into the folder, if it is all there."""
    saved = folder.listed(wanted.repo_id, wanted.repo_type)
    if saved is None or not _is_revision(saved.manifest, wanted.revision):
        return None
    manifest = saved.manifest
    files = select(manifest, wanted.include, wanted.exclude, only_harmless=saved.only_harmless)
    places = [(file, folder.candidates(file, manifest.commit)) for file in files]
    check(folder.root, folder.ledger, places, tell=tell, stop=threading.Event())
    if any(folder.find(f, manifest.commit) != folder.root / f.path for f in files):
        return None
    return _cached(folder.root, manifest, files)


def _is_revision(manifest: Manifest, revision: str | None) -> bool:
    if revision in DEFAULT_BRANCH:
        return manifest.revision in DEFAULT_BRANCH
    return revision in (manifest.revision, manifest.commit)


def copy_out(found: Cached, folder: Folder, *, tell: Tell = nobody) -> Cached | Lacking:
    """The cache's snapshot as plain files; lacking are those that changed meanwhile. Raises DownloadError
    DWN011 before it would overwrite one, and DSK600."""
    stop = threading.Event()
    files = found.listed or _hashed(found, tell, stop)
    places = [(file, folder.candidates(file, "")) for file in files]
    check(folder.root, folder.ledger, places, tell=tell, stop=stop)
    missing = [file for file in files if folder.find(file, "") != folder.root / file.path]
    folder.require_free(tuple(missing))
    copies = [Whole(file, found.path / file.path, OF_THE_CACHE) for file in missing]
    sizes_to_come = [copy.file.size for copy in copies if costs_room(copy, folder)]
    require_room(folder.root, *still_to_take((), sizes_to_come))
    reuse(copies, folder, "", "", tell=tell, stop=stop)
    lost = [file.path for file in missing if not folder.put(file)]
    folder.ledger.save()
    return Lacking(tuple(lost)) if lost else replace(found, path=folder.root)


def _hashed(found: Cached, tell: Tell, stop: threading.Event) -> tuple[RepoFile, ...]:
    """Nobody listed them: what they are is what they are now."""
    paths = [(found.path / name, name) for name in found.files]
    asked = [(path, RepoFile(name, path.stat().st_size)) for path, name in paths]
    digests = hashes(asked, tell=tell, stop=stop)
    return tuple(
        replace(file, sha256=its.sha256) for (_, file), its in zip(asked, digests, strict=True)
    )


def _commits(store: HubCache, chosen: Source, revision: str | None) -> list[str]:
    """The chosen hub's own idea of the revision first; `main` is what other tools would take."""
    if revision is not None and is_commit(revision):
        return [revision]
    if revision in DEFAULT_BRANCH:
        names = ["modelscope/master", "main"]
        if chosen.kind != "modelscope":
            names.reverse()
    else:
        names = [f"modelscope/{revision}", str(revision)]
    return list(dict.fromkeys(c for c in map(store.ref, names) if c is not None))


def _at(store: HubCache, commit: str, wanted: Wanted, tell: Tell | None) -> Cached | Lacking:
    folder = store.snapshot(commit)
    saved = store.manifest(commit)
    if saved is None:
        return _foreign(folder, commit, wanted)
    manifest = saved.manifest
    files = select(manifest, wanted.include, wanted.exclude, only_harmless=saved.only_harmless)
    if tell is not None:
        places = [(file, [store.shown_as(file, commit)]) for file in files]
        check(store.root, store.ledger, places, tell=tell, stop=threading.Event())
    is_there = store.seems if tell is None else store.shows
    lacking = sorted((f for f in files if not is_there(f, commit)), key=lambda f: -f.size)
    if lacking:
        return Lacking(tuple(f.path for f in lacking))
    return _cached(folder, manifest, files)


def _cached(path: Path, manifest: Manifest, files: tuple[RepoFile, ...]) -> Cached:
    size, names = sum(f.size for f in files), tuple(sorted(f.path for f in files))
    return Cached(path, manifest.commit, names, size, manifest.listed_by, files)


def _foreign(folder: Path, commit: str, wanted: Wanted) -> Cached | Lacking:
    """Without a listing, the index of the weights tells which of them there should be; of a dataset, only
    what a link stands for is known."""
    paths = [p for p in folder.rglob("*") if not p.is_dir()] if folder.is_dir() else []
    sizes = {p.relative_to(folder).as_posix(): _size(p) for p in paths}
    if not sizes:
        return Lacking(())
    if wanted.repo_type == "model":
        for name in ("config.json", *_indexed(folder)):
            sizes.setdefault(name, None)
    listed = tuple(RepoFile(name, size or 0) for name, size in sorted(sizes.items()))
    unlisted = Source("huggingface", "")
    manifest = Manifest(wanted.repo_id, "", commit, listed, unlisted, wanted.repo_type)
    files = select(manifest, wanted.include, wanted.exclude)
    missing = tuple(f.path for f in files if sizes[f.path] is None)
    return (
        Lacking(missing)
        if missing
        else replace(_cached(folder, manifest, files), listed_by=None, listed=())
    )


def _size(path: Path) -> int | None:
    """None for a link that leads nowhere."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return None


def _indexed(folder: Path) -> set[str]:
    try:
        index = json.loads((folder / "model.safetensors.index.json").read_bytes())
        return {str(name) for name in index["weight_map"].values()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return set()


def incomplete(
    repo_id: str, lacking: Lacking, where: Text, repo_type: RepoType = "model"
) -> DownloadError:
    """`where` HF_HUB_OFFLINE is set."""
    kind = Text("", "") if repo_type == "model" else Text("dataset ", "数据集 ")
    command = fetching(repo_id, repo_type)
    names = ", ".join(lacking.missing[:3])
    count = len(lacking.missing)
    return DownloadError(
        "DWN001",
        Text(
            f"HF_HUB_OFFLINE is on ({where.en}), and the cache "
            + (
                f"lacks {count} files of {kind.en}{repo_id} ({names})"
                if count
                else f"has no {kind.en}{repo_id}"
            ),
            f"HF_HUB_OFFLINE 已开启（{where.zh}），而缓存中"
            + (
                f"的{kind.zh or ' '}{repo_id} 缺少 {count} 个文件（{names}）"
                if count
                else f"没有{kind.zh or ' '}{repo_id}"
            ),
        ),
        Text(
            f"Run `{command}` once with a network, or unset HF_HUB_OFFLINE.",
            f"请先在有网络时运行一次 `{command}`，或取消 HF_HUB_OFFLINE。",
        ),
    )
