"""Every file of the cache is hashed anew and compared with the name or the listing that says what it is."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from qtune.core.cachestore.contents import Repo
from qtune.core.cachestore.guard import alone
from qtune.core.cachestore.shelf import ledger_of
from qtune.core.cachestore.walk import below, entries, lies_in
from qtune.core.cachestore.wholeness import listing
from qtune.core.download.digest import BLOCK, Hasher, Stopped
from qtune.core.hub.interface import RepoFile
from qtune.core.progress import SILENT, Progress

TASK = "verify"
_SHA256, _GIT = re.compile(r"[0-9a-f]{64}"), re.compile(r"[0-9a-f]{40}")
_THREADS = 4  # hashing leaves Python; more would only make the disk seek


@dataclass(frozen=True)
class Claim:
    """A file, and the hash it should have; `sha256` and `git_sha1` both None: nobody ever said."""

    repo: Repo
    path: Path
    size: int
    mtime_ns: int
    sha256: str | None = None
    git_sha1: str | None = None

    @property
    def name(self) -> str:
        return self.path.relative_to(self.repo.root).as_posix()


@dataclass(frozen=True)
class Verdict:
    """`reason` is the system's, for a file that cannot be read."""

    claim: Claim
    state: Literal["right", "wrong", "unreadable", "unknown"]
    reason: str = ""


def claims(cache: Path, repos: Iterable[Repo]) -> tuple[Claim, ...]:
    """Largest first, so that the last thread is not left alone with a long file."""
    found = [claim for repo in repos for claim in (*_blobs(cache, repo), *_plain_files(repo))]
    return tuple(sorted(found, key=lambda c: (-c.size, str(c.path))))


def verify(
    asked: tuple[Claim, ...], progress: Progress = SILENT, threads: int | None = None
) -> tuple[Verdict, ...]:
    """In the order of `asked`. Interrupted, it stops within a block."""
    stop = threading.Event()
    count = threads or min(_THREADS, os.cpu_count() or 1)
    progress.start(TASK, sum(claim.size for claim in asked))
    pool = ThreadPoolExecutor(count, thread_name_prefix=TASK)
    try:
        tasks = {pool.submit(_judge, claim, progress, stop): claim for claim in asked}
        found = {tasks[done]: done.result() for done in as_completed(tasks)}
    except BaseException:
        stop.set()
        pool.shutdown(cancel_futures=True)
        raise
    finally:
        progress.finish(TASK)
    pool.shutdown()
    return tuple(found[claim] for claim in asked)


def discard(cache: Path, verdict: Verdict) -> bool:
    """Removes a wrong file so that the next download fetches it; False where it has changed since.

    The links to it stay and lead nowhere, by which every program sees that the file is missing. Raises Busy,
    and DownloadError DWN007.
    """
    claim = verdict.claim
    with alone(cache, claim.repo.root):
        try:
            now = claim.path.stat()
        except FileNotFoundError:
            return False
        unchanged = (now.st_size, now.st_mtime_ns) == (claim.size, claim.mtime_ns)
        if verdict.state != "wrong" or not unchanged or not lies_in(claim.path, cache):
            return False
        stored = Path(os.path.realpath(claim.path))
        claim.path.unlink()
        if stored != claim.path and stored.is_relative_to(cache / "blobs"):
            stored.unlink(missing_ok=True)  # huggingface_hub would link it here again
        return True


def _blobs(cache: Path, repo: Repo) -> Iterator[Claim]:
    ledger = ledger_of(repo.root)
    for entry in entries(repo.root / "blobs"):
        path = Path(entry.path)
        if entry.name.endswith(".incomplete"):
            continue
        if entry.is_symlink():
            if not lies_in(path, cache / "blobs") or not path.is_file():
                continue
        elif not entry.is_file(follow_symlinks=False):
            continue
        known = ledger.files.get(f"blobs/{entry.name}") if ledger else None
        sha256 = entry.name if _SHA256.fullmatch(entry.name) else None
        git_sha1 = entry.name if _GIT.fullmatch(entry.name) else None
        if known is not None and not (sha256 or git_sha1):
            sha256, git_sha1 = known.sha256, known.git_sha1
        yield from _claim(repo, path, sha256, git_sha1)


def _plain_files(repo: Repo) -> Iterator[Claim]:
    """Where links cannot be made, the snapshots hold the files themselves."""
    ledger = ledger_of(repo.root)
    for revision in repo.revisions:
        shot = repo.root / "snapshots" / revision.commit
        files = [e for e in below(shot) if e.is_file(follow_symlinks=False)]
        saved = listing(repo.root, revision.commit) if files else None
        listed = {file.path: file for file in saved.manifest.files} if saved else {}
        for entry in files:
            path = Path(entry.path)
            known = ledger.files.get(path.relative_to(repo.root).as_posix()) if ledger else None
            file = listed.get(path.relative_to(shot).as_posix())
            if file is not None:
                yield from _claim(repo, path, file.sha256, file.git_sha1)
            else:
                hashes = (known.sha256, known.git_sha1) if known else (None, None)
                yield from _claim(repo, path, *hashes)


def _claim(repo: Repo, path: Path, sha256: str | None, git_sha1: str | None) -> Iterator[Claim]:
    with suppress(OSError):  # gone since
        found = path.stat()
        yield Claim(repo, path, found.st_size, found.st_mtime_ns, sha256, git_sha1)


def _judge(claim: Claim, progress: Progress, stop: threading.Event) -> Verdict:
    if not (claim.sha256 or claim.git_sha1):
        progress.advance(TASK, claim.size)
        return Verdict(claim, "unknown")
    hasher = Hasher(RepoFile(claim.name, claim.size, lfs=claim.git_sha1 is None))
    try:
        with os.fdopen(_opened(claim.path), "rb", buffering=0) as stream:
            while block := stream.read(BLOCK):
                if stop.is_set():
                    raise Stopped
                hasher.update(block)
                progress.advance(TASK, len(block))
    except OSError as error:
        return Verdict(claim, "unreadable", error.strerror or str(error))
    found = hasher.digests()
    right = claim.sha256 in (None, found.sha256) and claim.git_sha1 in (None, found.git_sha1)
    return Verdict(claim, "right" if right else "wrong")


def _opened(path: Path) -> int:
    """So that the look does not count as a use: `--older-than` goes by the time of the last read."""
    quiet = getattr(os, "O_NOATIME", 0)
    flags = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0)
    try:
        return os.open(path, flags | quiet)
    except PermissionError:  # only the owner may ask for that
        return os.open(path, flags)
