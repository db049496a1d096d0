"""What lies on the disk already is hashed by several threads; whoever watches is told, and ^C ends it at once."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import TypeVar

from qtune.core.download.digest import Advance, Digests, Stopped, content, digests_of
from qtune.core.download.events import Checking, Tell
from qtune.core.download.ledger import Ledger
from qtune.core.download.target import Store
from qtune.core.download.vouched import verified
from qtune.core.hub.interface import Manifest, RepoFile

EVERY_S = 0.2
WORTH_TELLING = 64_000_000  # bytes; less is over before it is read
_THREADS = 4  # hashing leaves Python; more would only make the disk seek
Result = TypeVar("Result")


def is_published(
    store: Store,
    manifest: Manifest,
    files: tuple[RepoFile, ...],
    only_harmless: bool,
    *,
    tell: Tell,
    stop: threading.Event,
) -> bool:
    """Is everything visible and verified, so that not a byte need be written? (A shared cache may be
    read-only.) Of files that are as they were when they were hashed none is opened."""
    if not store.is_laid_out(manifest, files, only_harmless):
        return False
    shown = [(file, [store.shown_as(file, manifest.commit)]) for file in files]
    check(store.root, store.ledger, shown, tell=tell, stop=stop)
    return all(verified(store.root, store.ledger, iter(names), file) for file, names in shown)


def check(
    root: Path,
    ledger: Ledger,
    wanted: Iterable[tuple[RepoFile, Iterable[str]]],
    *,
    tell: Tell,
    stop: threading.Event,
) -> None:
    """Of each file the names below `root` where it may lie: afterwards the ledger answers for all of them.

    What was hashed until ^C came is known the next time. Raises Stopped.
    """
    alike: dict[str, tuple[RepoFile, dict[str, None]]] = {}
    for file, names in wanted:
        alike.setdefault(content(file), (file, {}))[1].update(dict.fromkeys(names))
    open_ = [(file, names) for file, names in alike.values() if _is_open(root, ledger, names, file)]
    open_.sort(key=lambda asked: -asked[0].size)  # no thread is left alone with the longest
    with telling(sum(file.size for file, _ in open_), tell, stop) as advance:
        tasks = [_finding(root, ledger, names, file, advance) for file, names in open_]
        try:
            in_threads(tasks, stop)
        finally:  # files of one size are done in one second, and the ledger is saved once in it
            with contextlib.suppress(OSError):
                ledger.save()


def hashes(
    files: Sequence[tuple[Path, RepoFile]], *, tell: Tell, stop: threading.Event
) -> list[Digests]:
    """Of each path, as if it were the file. Raises Stopped, OSError."""
    with telling(sum(file.size for _, file in files), tell, stop) as advance:
        return in_threads([_hashing(path, file, advance) for path, file in files], stop)


@contextlib.contextmanager
def telling(total: int, tell: Tell, stop: threading.Event) -> Iterator[Advance]:
    """Bytes are told as they are read, of `total`; `advance` raises Stopped once `stop` is set."""
    tally = _Tally(total, tell, stop)
    tally.say()
    yield tally.advance
    tally.end()


def in_threads(tasks: Sequence[Callable[[], Result]], stop: threading.Event) -> list[Result]:
    """The results in the order of the tasks. The first error ends them all, by way of `stop`."""
    if not tasks:
        return []
    count = min(_THREADS, os.cpu_count() or 1, len(tasks))
    pool = ThreadPoolExecutor(count, thread_name_prefix="checking")
    try:
        begun = [pool.submit(task) for task in tasks]
        for done in as_completed(begun):
            done.result()
        return [done.result() for done in begun]
    except BaseException:
        stop.set()  # the run ends: the other threads leave at their next block
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def _is_open(root: Path, ledger: Ledger, names: Iterable[str], file: RepoFile) -> bool:
    """Would something have to be read to find the file?"""
    for name in names:
        entry = ledger.knows(name)
        if entry is not None:
            if Digests(entry.sha256 or "", entry.git_sha1).match(file):
                return False
            continue
        with contextlib.suppress(OSError):
            if (root / name).stat().st_size == file.size:
                return True
    return False


def _finding(
    root: Path, ledger: Ledger, names: Iterable[str], file: RepoFile, advance: Advance
) -> Callable[[], Path | None]:
    return lambda: verified(root, ledger, iter(names), file, advance)


def _hashing(path: Path, file: RepoFile, advance: Advance) -> Callable[[], Digests]:
    return lambda: digests_of(path, file, advance)


class _Tally:
    def __init__(self, total: int, tell: Tell, stop: threading.Event) -> None:
        self._total, self._done = total, 0
        self._tell = tell if total >= WORTH_TELLING else None
        self._stop = stop
        self._lock = threading.Lock()
        self._next = 0.0

    def advance(self, amount: int) -> None:
        if self._stop.is_set():
            raise Stopped
        with self._lock:
            self._done += amount
            # Where the first of two places was wrong, more is read than was thought.
            self._total = max(self._total, self._done)
            if self._tell is not None and time.monotonic() >= self._next:
                self._say()

    def say(self) -> None:
        with self._lock:
            self._say()

    def end(self) -> None:
        with self._lock:
            self._done = self._total
            self._say()

    def _say(self) -> None:
        if self._tell is not None:
            self._next = time.monotonic() + EVERY_S
            self._tell(Checking(self._done, self._total))
