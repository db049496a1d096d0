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

import functools
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from qtune.core.amounts import size
from qtune.core.download.checking import in_threads, telling
from qtune.core.download.digest import BLOCK, Advance, Digests, Hasher, Stopped
from qtune.core.download.engine.part import Part, discard
from qtune.core.download.events import Said, Tell
from qtune.core.download.folder import Folder
from qtune.core.download.leftovers import OF_THE_CACHE, Beginning, Whole, within
from qtune.core.download.lock import of_another_tool
from qtune.core.download.sharing import cloned, linked
from qtune.core.download.target import Store
from qtune.core.download.writeback import begin_writeback
from qtune.core.hub.interface import RepoFile
from qtune.core.text import Text

_STEP = 16 << 20  # bytes between two looks at whether to stop


def reuse(
    left: Sequence[Whole | Beginning],
    store: Store,
    commit: str,
    verified_by: str,
    *,
    tell: Tell,
    stop: threading.Event,
) -> tuple[RepoFile, ...]:
    """The files that are whole in the store now; what was begun of the others lies in their partial files.

    To be called under the store's lock, with what `found` found. Raises OSError where the store's disk
    refuses, and Stopped.
    """
    wholes: dict[Path, list[Whole]] = {}
    begun: dict[Path, list[Beginning]] = {}
    for item in left:
        if isinstance(item, Whole):
            wholes.setdefault(store.partial(item.file), []).append(item)
        else:
            begun.setdefault(store.partial(item.file), []).append(item)
    theirs = [copies[0] for copies in wholes.values() if copies[0].origin != OF_THE_CACHE]
    if theirs:
        tell(Said(_checking(len(theirs), sum(copy.file.size for copy in theirs))))
    amount = sum(copies[0].file.size for copies in wholes.values())
    amount += sum(item.length for items in begun.values() for item in items)
    with telling(amount, tell, stop) as advance:
        taken = _take(wholes, store, commit, verified_by, stop, advance)
        for at, items in begun.items():
            if at in taken:
                continue
            written = go_on(at, items, stop, advance)
            if written:
                tell(Said(_going_on(items[0].file, written, items[0].origin)))
    for copy in theirs:
        if store.partial(copy.file) not in taken:
            tell(Said(_other(copy.file, copy.path)))
    files = dict.fromkeys(item.file for item in left)
    return tuple(file for file in files if store.partial(file) in taken)


def _take(
    wholes: dict[Path, list[Whole]],
    store: Store,
    commit: str,
    verified_by: str,
    stop: threading.Event,
    advance: Advance,
) -> set[Path]:
    def work(at: Path, copies: list[Whole]) -> Path | None:
        for copy in copies:
            digests = _brought(copy, at, share=_may_share(store), stop=stop, advance=advance)
            if digests is not None:
                by = "" if copy.origin == OF_THE_CACHE else verified_by
                store.keep(copy.file, commit, digests, copy.origin, by)
                return at
        return None

    largest_first = sorted(wholes.items(), key=lambda asked: -asked[1][0].file.size)
    tasks = [functools.partial(work, at, copies) for at, copies in largest_first]
    return {at for at in in_threads(tasks, stop) if at is not None}


def _may_share(store: Store) -> bool:
    return not isinstance(store, Folder)


def costs_room(copy: Whole, store: Store) -> bool:
    """Will its content lie on the disk twice? Tried out, for no file system tells."""
    scratch = store.partial(copy.file).with_suffix(".whole")
    scratch.parent.mkdir(parents=True, exist_ok=True)
    scratch.unlink(missing_ok=True)
    try:
        return not (cloned(copy.path, scratch) or (_may_share(store) and linked(copy, scratch)))
    finally:
        scratch.unlink(missing_ok=True)


def _brought(
    copy: Whole, at: Path, *, share: bool, stop: threading.Event, advance: Advance
) -> Digests | None:
    """The copy as the partial file `at`, if its hash is right. Raises OSError where `at` cannot be written."""
    scratch = at.with_suffix(".whole")
    scratch.parent.mkdir(parents=True, exist_ok=True)
    scratch.unlink(missing_ok=True)
    try:
        before = _state(copy.path)
        if cloned(copy.path, scratch) or (share and linked(copy, scratch)):
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
    hasher, at = Hasher(file), 0
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
                begin_writeback(into.fileno(), at, len(block))  # or ^C would wait for the sync
            at += len(block)
            advance(len(block))


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
