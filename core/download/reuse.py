"""Before anything is fetched: what other programs left is taken over, and what they began is gone on with.

A whole file becomes ours when its hash is right, in the cheapest way that leaves it unharmed:

    a clone         where the file system has copy on write: costs no room, and neither can spoil the other
    a hard link     on one file system, of a large file that is ours and goes into the cache: weights are
                    written anew, not edited, and where a program does write over them in ModelScope's folder
                    the time of the blob changes too, by which the ledger knows that it must be hashed again.
                    Not of small files, which people edit in place in that folder; not of a file that others
                    may write; and not into a --local-dir, whose files are the user's to change
    a copy          everywhere else

What was begun is written into the partial file with its origin in the journal; the hash of the whole decides,
and such stretches are the first to be fetched anew when it is wrong. Nothing of another program's is moved or
removed.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import BinaryIO

from qtune.core.amounts import size
from qtune.core.download.digest import BLOCK, Digests, Hasher, Stopped
from qtune.core.download.engine.part import Part, discard
from qtune.core.download.events import Said, Tell
from qtune.core.download.folder import Folder
from qtune.core.download.leftovers import Beginning, Search, Whole, found, within
from qtune.core.download.lock import of_another_tool
from qtune.core.download.store import Store
from qtune.core.hub.interface import RepoFile
from qtune.core.text import Text

_THREADS = 4  # hashing leaves Python; more would only make the disk seek
_STEP = 64 << 20  # bytes between two looks at whether to stop
_FICLONE = 0x40049409
Advance = Callable[[int], None]


def reuse(
    files: Sequence[RepoFile],
    search: Search,
    store: Store,
    commit: str,
    verified_by: str,
    *,
    tell: Tell,
    stop: threading.Event,
    advance: Advance = lambda amount: None,
) -> tuple[RepoFile, ...]:
    """The files that are whole in the store now; what was begun of the others lies in their partial files.

    To be called under the store's lock. `advance` hears of bytes read. Raises OSError where the store's disk
    refuses, and Stopped.
    """
    left = found(files, search)
    wholes: dict[Path, list[Whole]] = {}
    for item in left:
        if isinstance(item, Whole):
            wholes.setdefault(store.partial(item.file), []).append(item)
    taken: set[Path] = set()
    if wholes:
        amount = sum(copies[0].file.size for copies in wholes.values())
        tell(Said(_checking(len(wholes), amount)))
        taken = _take(wholes, store, commit, verified_by, stop, advance)
    wrong = [copies[0].file for at, copies in wholes.items() if at not in taken]
    begun = [item for item in left if isinstance(item, Beginning)]
    for file in dict.fromkeys(item.file for item in begun):
        mine = [item for item in begun if item.file == file]
        amount = go_on(store.partial(file), mine, stop, advance)
        if amount:
            tell(Said(_going_on(file, amount, mine[0].origin)))
    for file in wrong:
        tell(Said(_other(file, wholes[store.partial(file)][0].path)))
    return tuple(file for file in files if store.partial(file) in taken)


def _take(
    wholes: dict[Path, list[Whole]],
    store: Store,
    commit: str,
    verified_by: str,
    stop: threading.Event,
    advance: Advance,
) -> set[Path]:
    def work(at: Path, copies: list[Whole]) -> bool:
        for copy in copies:
            digests = _brought(
                copy, at, share=not isinstance(store, Folder), stop=stop, advance=advance
            )
            if digests is not None:
                store.keep(copy.file, commit, digests, copy.origin, verified_by)
                return True
        return False

    count = min(_THREADS, os.cpu_count() or 1)
    pool = ThreadPoolExecutor(count, thread_name_prefix="reuse")
    try:
        tasks = {pool.submit(work, at, copies): at for at, copies in wholes.items()}
        return {tasks[done] for done in as_completed(tasks) if done.result()}
    except BaseException:
        stop.set()  # the run ends: the other threads leave at their next block
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def _brought(
    copy: Whole, at: Path, *, share: bool, stop: threading.Event, advance: Advance
) -> Digests | None:
    """The copy as the partial file `at`, if its hash is right. Raises OSError where `at` cannot be written."""
    scratch = at.with_suffix(".whole")
    scratch.parent.mkdir(parents=True, exist_ok=True)
    scratch.unlink(missing_ok=True)
    try:
        before = _state(copy.path)
        if _cloned(copy.path, scratch) or (share and _linked(copy, scratch)):
            digests = _read(scratch, copy.file, stop, advance)
        else:
            with scratch.open("xb") as target:
                digests = _read(copy.path, copy.file, stop, advance, target)
        if before is None or before != _state(copy.path) or not digests.match(copy.file):
            return None
        scratch.replace(at)
        discard(at)
        return digests
    except _Unreadable:
        return None
    finally:
        scratch.unlink(missing_ok=True)


class _Unreadable(Exception):
    """The other program's file: not our trouble."""


def _state(path: Path) -> tuple[int, int] | None:
    try:
        about = path.stat()
    except OSError:
        return None
    return about.st_size, about.st_mtime_ns


def _read(
    path: Path,
    file: RepoFile,
    stop: threading.Event,
    advance: Advance,
    into: BinaryIO | None = None,
) -> Digests:
    hasher = Hasher(file)
    try:
        stream = path.open("rb", buffering=0)
    except OSError as error:
        raise _Unreadable from error
    with stream:
        while True:
            try:
                block = stream.read(BLOCK)
            except OSError as error:
                raise _Unreadable from error
            if not block:
                return hasher.digests()
            if stop.is_set():
                raise Stopped
            hasher.update(block)
            if into is not None:
                into.write(block)
            advance(len(block))


def _cloned(source: Path, target: Path) -> bool:
    if sys.platform != "linux":
        return False
    import fcntl

    with contextlib.suppress(OSError):
        with source.open("rb") as whole, target.open("xb") as clone:
            fcntl.ioctl(clone, _FICLONE, whole.fileno())
        return True
    target.unlink(missing_ok=True)
    return False


def _linked(copy: Whole, target: Path) -> bool:
    if not copy.file.lfs:
        return False
    with contextlib.suppress(OSError, NotImplementedError):
        about = copy.path.lstat()
        owned = not hasattr(os, "getuid") or about.st_uid == os.getuid()
        if owned and not about.st_mode & 0o002 and os.access(copy.path, os.W_OK):
            target.hardlink_to(copy.path)
            return True
    return False


def go_on(
    partial: Path, begun: Sequence[Beginning], stop: threading.Event, advance: Advance
) -> int:
    """Writes what is missing in the partial file from what others began; how many bytes that were.

    Nothing is taken while the other program is still at it: it will have the whole file first.
    """
    part = Part(partial, begun[0].file)
    written = 0
    try:
        for item in begun:
            if not _idle(item.lock):
                continue
            part.open()
            before = part.here
            missing = part.done.gaps(part.file.size)
            for start, end in within(missing, item.start, item.start + item.length):
                _seed(part, item, start, end, stop, advance)
            written += part.here - before
    finally:
        part.close()
    return written


def _seed(
    part: Part, item: Beginning, start: int, end: int, stop: threading.Event, advance: Advance
) -> None:
    for at in range(start, end, _STEP):
        if stop.is_set():
            raise Stopped
        amount = min(_STEP, end - at)
        try:
            part.seed(at, item.path, item.offset + at - item.start, amount, item.origin)
        except FileNotFoundError:  # the other program has finished or thrown it away
            return
        advance(amount)


def _idle(lock: Path | None) -> bool:
    return lock is None or not lock.is_file() or of_another_tool(lock)


def _checking(count: int, amount: int) -> Text:
    files = "a file" if count == 1 else f"{count} files"
    return Text(
        f"Another program has {files} of this already ({size(amount)}); checking the hashes",
        f"其他程序已下载其中 {count} 个文件（{size(amount)}），正在校验哈希",
    )


def _going_on(file: RepoFile, amount: int, origin: str) -> Text:
    of = {"en": origin, "zh": origin.replace("'s partial file", " 未下载完的文件")}
    return Text(
        f"{file.path}: {size(amount)} taken from {of['en']}",
        f"{file.path}：沿用 {of['zh']}，{size(amount)}",
    )


def _other(file: RepoFile, path: Path) -> Text:
    return Text(
        f"{path} is not the listed {file.path}, by its hash; it is left alone",
        f"{path} 的哈希与清单中的 {file.path} 不符，未使用，也未改动",
    )
