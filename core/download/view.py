"""What qtune downloaded, as ModelScope's own client finds it: a folder of links in that client's cache.

Written where it serves and does no harm, and nowhere else:

    ModelScope listed the files, so the folder holds what its client would have fetched: `owner/name` on
        another hub may be another owner's, and is not shown under ModelScope's name
    it is the default revision, the one that the client takes when it is asked for none
    somebody uses that client here: MODELSCOPE_CACHE is set, or the folder is there, or it is installed
    no older layout of that client holds the repository, for it would be looked at first
    every file of the folder that is no link of ours is the listed one, so that no two versions are mixed

Symbolic links where they can be made, else hard links; never copies, which would take the room twice, and
never a part of the files that are there. No real file is replaced. The client itself treats a link as it
treats a file: it hashes what it leads to, and puts a file of its own in its place when the hub has a newer one.
What was made is noted in `.qtune/view.json`, so that freeing the repository removes the links too.
"""

from __future__ import annotations

import contextlib
import functools
import importlib.util
import json
import os
import re
import shutil
import threading
from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from qtune.core.cachestore import modelscope
from qtune.core.cachestore.walk import below, entries, is_folder, is_plain, target
from qtune.core.download.checking import hashes
from qtune.core.download.disk import can_link, link, write_whole
from qtune.core.download.events import Tell, nobody
from qtune.core.download.store import HubCache
from qtune.core.hub.interface import Manifest, RepoFile
from qtune.core.locations import modelscope_cache
from qtune.core.settings import Settings

SCHEMA = 1
_BEGUN = re.compile(r".+(\.incomplete|\.parallel_tmp|_\d+_\d+)")
_ASIDE = ".qtune-aside"


@dataclass(frozen=True)
class View:
    """`hard`: the paths in `folder` that are hard links, which do not tell where they lead."""

    folder: str
    commit: str
    hard: tuple[str, ...] = ()


def cache_of(settings: Settings) -> Path | None:
    """ModelScope's cache, if somebody uses its client here."""
    cache = Path.cwd() / modelscope_cache(settings)
    installed = any(importlib.util.find_spec(name) for name in ("modelscope", "modelscope_hub"))
    return cache if settings.is_set("MODELSCOPE_CACHE") or cache.is_dir() or installed else None


def show(
    cache: Path,
    store: HubCache,
    manifest: Manifest,
    files: Sequence[RepoFile],
    *,
    tell: Tell = nobody,
) -> bool:
    """Whether the client now finds `files`, which lie in the store's snapshot. To be called under its lock.

    Nothing that fails here is a failure of the download: the files are where they should be.
    """
    if manifest.listed_by.kind != "modelscope" or manifest.revision != modelscope.DEFAULT:
        return False
    cache, kind = cache.resolve(), manifest.repo_type
    folder = modelscope.snapshot(cache, kind, manifest.repo_id)
    others = (p.path for p in modelscope.places(cache, kind, manifest.repo_id) if not p.begun)
    if any(p.parent != folder.parent and entries(p) for p in others):
        return False
    try:
        return _shown(folder, store, manifest, files, tell)
    except (OSError, NotImplementedError, ValueError):
        return False


def _shown(
    folder: Path, store: HubCache, manifest: Manifest, files: Sequence[RepoFile], tell: Tell
) -> bool:
    known = next((v for v in views(store.root) if v.folder == str(folder)), None)
    same = known is not None and known.commit == manifest.commit
    if same and all(os.path.lexists(folder / file.path) for file in files):
        return True
    shot = store.snapshot(manifest.commit)
    real = _real(folder, known.hard if known is not None else ())
    missing = [file for file in files if file.path not in real]
    if not missing:
        return True
    if not _agree(real, manifest, shot, tell):
        return False
    fresh = not folder.is_dir()
    at = folder.parent.parent / _ASIDE if fresh else folder
    try:
        if fresh:
            shutil.rmtree(at, ignore_errors=True)
            at.mkdir(parents=True)
        _require_own_folders(at, missing)
        soft = can_link(at)
        hard = set() if soft else {file.path for file in missing}
        hard |= set(known.hard) if known is not None and same else set()
        view = View(str(folder), manifest.commit, tuple(sorted(hard)))
        if not fresh and not same:
            _unlink_ours(folder, store.root, known, {file.path for file in files})
        _note(store.root, [*(v for v in views(store.root) if v.folder != view.folder), view])
        _link(missing, shot, at, folder, soft)
        if fresh:
            folder.parent.mkdir(parents=True, exist_ok=True)
            at.rename(folder)
    finally:
        if fresh:
            shutil.rmtree(at, ignore_errors=True)
            _prune(folder)
    return True


def _real(folder: Path, hard: Collection[str]) -> dict[str, Path]:
    """The files of the folder that are the client's or the user's own."""
    found = (Path(entry.path) for entry in below(folder) if not _is_ours(entry))
    named = {p.relative_to(folder).as_posix(): p for p in found if not _BEGUN.fullmatch(p.name)}
    return {
        name: path for name, path in named.items() if name not in hard or path.stat().st_nlink < 2
    }


def _is_ours(entry: os.DirEntry[str]) -> bool:
    """A link into a Hugging Face cache, whether what it leads to is still there or not."""
    to = target(Path(entry.path)) if entry.is_symlink() else None
    return to is not None and any(
        part.startswith(("models--", "datasets--")) and below_it in ("blobs", "snapshots")
        for part, below_it in zip(to.parts, to.parts[1:], strict=False)
    )


def _agree(real: dict[str, Path], manifest: Manifest, shot: Path, tell: Tell) -> bool:
    """Nothing is hashed where a size is wrong already."""
    listed = {file.path: file for file in manifest.files}
    asked: list[tuple[Path, RepoFile]] = []
    for name, path in real.items():
        file = listed.get(name)
        if file is None:
            continue
        if not path.is_file() or path.stat().st_size != file.size:
            return False
        if not ((shot / name).is_file() and path.samefile(shot / name)):
            asked.append((path, file))
    found = hashes(asked, tell=tell, stop=threading.Event())
    return all(its.match(file) for (_, file), its in zip(asked, found, strict=True))


def _require_own_folders(at: Path, files: Sequence[RepoFile]) -> None:
    """Makes the folders; raises OSError where one of them is a link to another place."""
    real = os.path.realpath(at)
    for parent in {(at / file.path).parent for file in files}:
        if os.path.realpath(parent) != real + str(parent)[len(str(at)) :]:
            raise OSError(f"{parent} is a link to another place")
        parent.mkdir(parents=True, exist_ok=True)


def _link(files: Sequence[RepoFile], shot: Path, at: Path, folder: Path, soft: bool) -> None:
    """`folder`: what `at` is, or will be renamed to. Raises OSError."""
    real = functools.cache(os.path.realpath)
    for file in files:
        shown, name = shot / file.path, at / file.path
        blob = shown.parent / os.readlink(shown) if shown.is_symlink() else shown  # noqa: PTH115
        blob = Path(real(blob.parent)) / blob.name
        if not soft:
            name.unlink(missing_ok=True)
            name.hardlink_to(os.path.realpath(blob))
        elif at == folder:
            link(blob, name)
        else:
            name.symlink_to(os.path.relpath(blob, (folder / file.path).parent))


def withdraw(root: Path, commits: Collection[str] | None = None) -> None:
    """Removes the links into the repository `root`: all of them, or those of these snapshots."""
    left = []
    for view in views(root):
        if commits is not None and view.commit not in commits:
            left.append(view)
            continue
        folder = Path(view.folder)
        if folder.parts[-3:-1] != (root.name.partition("--")[2], "snapshots"):
            continue  # nothing that `show` could have written
        if is_folder(folder):
            aside = folder.parent.parent / _ASIDE
            shutil.rmtree(aside, ignore_errors=True)
            if all(_is_link_into(p, root, view, folder) for p in _files(folder)):
                folder.rename(aside)  # at once: half a folder would be taken for a whole one
                shutil.rmtree(aside)
            else:
                _unlink_ours(folder, root, view, ())
            _prune(folder)
    if views(root):
        _note(root, left)


def views(root: Path) -> tuple[View, ...]:
    """A note that cannot be read is none."""
    path = _record(root)
    if not is_folder(path.parent) or not is_plain(path):
        return ()
    try:
        found = json.loads(path.read_bytes())
        if found["schema"] != SCHEMA:
            return ()
        return tuple(
            View(str(v["folder"]), str(v["commit"]), tuple(map(str, v["hard"])))
            for v in found["views"]
        )
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return ()


def _record(root: Path) -> Path:
    return root / ".qtune" / "view.json"


def _note(root: Path, left: Sequence[View]) -> None:
    if left:
        whole = {"schema": SCHEMA, "views": [asdict(view) for view in left]}
        write_whole(_record(root), json.dumps(whole, indent=1).encode())
    else:
        _record(root).unlink(missing_ok=True)


def _files(folder: Path) -> Iterator[Path]:
    return (Path(entry.path) for entry in below(folder))


def _is_link_into(path: Path, root: Path, view: View | None, folder: Path) -> bool:
    if path.is_symlink():
        to = target(path)
        return to is not None and to.is_relative_to(os.path.realpath(root))
    name = path.relative_to(folder).as_posix()
    if view is None or name not in view.hard:
        return False
    shown = root / "snapshots" / view.commit / name
    return shown.is_file() and path.samefile(shown)


def _unlink_ours(folder: Path, root: Path, view: View | None, kept: Collection[str]) -> None:
    for path in _files(folder):
        ours = _is_link_into(path, root, view, folder)
        if ours and path.relative_to(folder).as_posix() not in kept:
            path.unlink()


def _prune(folder: Path) -> None:
    """Folders that hold nothing any more, up to the repository's own."""
    top = folder.parent.parent
    for path in sorted((p for p in top.rglob("*") if is_folder(p)), reverse=True):
        with contextlib.suppress(OSError):
            path.rmdir()
    with contextlib.suppress(OSError):
        top.rmdir()
