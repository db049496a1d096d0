"""Repositories, snapshots and beginnings of files are removed so that what is left is always true.

A snapshot disappears in one step before the first of its blobs does: however a removal ends, no snapshot is
left that looks whole and is not.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from qtune.core.cachestore.contents import Partial, Repo
from qtune.core.cachestore.guard import alone, idle
from qtune.core.cachestore.partials import etag_of, partials
from qtune.core.cachestore.shelf import refs, used_blobs
from qtune.core.cachestore.walk import below, entries, is_folder
from qtune.core.download.engine.part import discard
from qtune.core.download.lockfile import NAME
from qtune.core.download.view import withdraw

_DAY_S = 86400.0


@dataclass(frozen=True)
class Goes:
    """What of a repository is to go: all of it, some snapshots, or only beginnings of files."""

    repo: Repo
    whole: bool = False
    commits: tuple[str, ...] = ()
    partials: tuple[Partial, ...] = ()

    @property
    def bytes(self) -> int:
        if self.whole:
            return self.repo.size
        own = sum(r.own for r in self.repo.revisions if r.commit in self.commits)
        return own + sum(partial.have for partial in self.partials)


def all_of(repo: Repo, commits: tuple[str, ...] = ()) -> Goes:
    """Without `commits`, or with all that there are, the whole repository."""
    there = {revision.commit for revision in repo.revisions}
    return (
        Goes(repo, whole=True)
        if not commits or there <= set(commits)
        else Goes(repo, commits=commits)
    )


def partials_of(repo: Repo) -> Goes:
    return Goes(repo, partials=repo.partials)


def unused_for(repo: Repo, days: float, now: float | None = None) -> bool:
    """Neither read nor written in that time; of a repository without any file nobody knows."""
    return 0 < repo.used < (time.time() if now is None else now) - days * _DAY_S


def notes_reads(folder: Path) -> bool:
    """Where the file system is mounted with noatime, a file that is read every day looks unused."""
    flag = getattr(os, "ST_NOATIME", 0)
    try:
        return not (flag and os.statvfs(folder).f_flag & flag)
    except OSError:
        return True


def remove(cache: Path, goes: Goes) -> int:
    """Bytes that are free now. `cache` as in Shelf.folder.

    Raises Busy while somebody downloads into the repository, DownloadError DWN007 where the system refuses.
    """
    root = goes.repo.root
    with alone(cache, root):
        if goes.whole or goes.commits:
            withdraw(root, None if goes.whole else goes.commits)
        before = _bytes_in(root)
        _sweep(root)
        if goes.partials:
            _drop_partials(cache, root)
        if goes.whole:
            _drop_all(root)
        elif goes.commits:
            _drop_snapshots(root, goes.commits)
            _drop_blobs(root, goes.repo, goes.commits)
        return before - _bytes_in(root)


def _drop_all(root: Path) -> None:
    shots = tuple(e.name for e in entries(root / "snapshots"))
    _drop_snapshots(root, shots)
    for entry in entries(root):
        if entry.name != ".qtune":
            _unlink(Path(entry.path))
    for entry in entries(root / ".qtune"):
        if not NAME.fullmatch(entry.name):
            _unlink(Path(entry.path))
    # Whoever waits for the lock sees that it is gone, and makes a new one. Windows removes no open file.
    with contextlib.suppress(OSError):
        for entry in entries(root / ".qtune"):
            Path(entry.path).unlink()
        (root / ".qtune").rmdir()
        root.rmdir()


def _drop_snapshots(root: Path, commits: tuple[str, ...]) -> None:
    for name, commit in list(refs(root)):
        if commit in commits:
            (root / "refs" / name).unlink(missing_ok=True)
    for number, commit in enumerate(commits):
        shot = root / "snapshots" / commit
        if is_folder(shot):
            aside = root / ".qtune" / f"freed-{os.getpid()}-{number}"
            shot.rename(aside)
            _unlink(aside)
        else:
            shot.unlink(missing_ok=True)
        for place in (".qtune/manifests", "trees"):
            if is_folder(root / place):
                (root / place / f"{commit}.json").unlink(missing_ok=True)


def _drop_blobs(root: Path, repo: Repo, commits: tuple[str, ...]) -> None:
    """Of the snapshots that went, the blobs that no other links; what belonged to none is not asked about."""
    kept: set[Path] = set()
    for entry in entries(root / "snapshots"):
        kept |= used_blobs(Path(entry.path))
    for revision in repo.revisions:
        if revision.commit in commits:
            for blob in revision.blobs:
                if blob not in kept and blob.parent == root / "blobs":
                    blob.unlink(missing_ok=True)


def _drop_partials(cache: Path, root: Path) -> None:
    for partial in partials(root):
        lock = cache / ".locks" / root.name / f"{etag_of(partial.path)}.lock"
        if partial.by == "huggingface_hub" and lock.is_file() and not idle(lock):
            continue
        partial.path.unlink(missing_ok=True)
        if partial.by == "qtune":
            discard(partial.path)


def _sweep(root: Path) -> None:
    """What an earlier removal was killed over."""
    for entry in entries(root / ".qtune"):
        if entry.name.startswith("freed-"):
            _unlink(Path(entry.path))


def _unlink(path: Path) -> None:
    """A link itself, never what it leads to."""
    if is_folder(path):
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _bytes_in(root: Path) -> int:
    """What would be free without the folder: a file that lies elsewhere too, by a hard link, would not, and
    the lock is there only while somebody looks."""
    found: dict[tuple[int, int], os.stat_result] = {}
    names: Counter[tuple[int, int]] = Counter()
    for entry in (e for e in below(root) if not NAME.fullmatch(e.name)):
        with contextlib.suppress(OSError):
            about = entry.stat(follow_symlinks=False)
            if not entry.is_symlink():
                inode = (about.st_dev, about.st_ino)
                names[inode] += 1
                found[inode] = about
    return sum(about.st_size for inode, about in found.items() if about.st_nlink <= names[inode])
