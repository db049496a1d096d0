"""A file on its way: one sparse or preallocated file of its full size, and a journal of what is in it.

    <hash>.part    the bytes, each at its place; renamed into the store when all are there and verified
    <hash>.done    a line of JSON: what this will be; then `start end source` for each stretch written,
                   `-start end` for one that was thrown away

A stretch is written before its line, and a line is one write: whatever kills the process, a line never
speaks of bytes that are not there. A line cut off by a crash is no line. Neither is synced: what a power
cut spoils, the hash finds.
"""

from __future__ import annotations

import contextlib
import json
import os
import threading
from collections.abc import Iterator
from pathlib import Path

from qtune.core.download.engine.intervals import Intervals
from qtune.core.download.positioned import read_at, write_at
from qtune.core.download.preallocate import preallocate
from qtune.core.download.writeback import begin_writeback
from qtune.core.hub.interface import RepoFile

EARLIER = ""  # of whom nobody knows: written by an older version, or by hand
_COPY = 1 << 20
_MOST_LINES = 20_000  # of a journal, before it is written anew: a slow line makes many short ones


class Part:
    """Opened by whoever comes first; may be written by many threads at once, each at its own place.

    Closed while one of them is at it, it is closed by the last: its number may be another file's afterwards.
    """

    def __init__(self, path: Path, file: RepoFile) -> None:
        self.path = path
        self.file = file
        self.lock = threading.Lock()
        self.done = Intervals()
        self._handle: int | None = None
        self._journal: int | None = None
        self._users = 0
        self._closing = False
        self._lines = 0
        self._torn = False  # the last line was cut off

    def open(self) -> None:
        """Reads what an earlier run left. Raises OSError; ENOSPC before the first byte."""
        with self.lock:
            self._closing = False
            if self._handle is not None:
                return
            self.path.parent.mkdir(parents=True, exist_ok=True)
            flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0)
            self._handle = handle = os.open(self.path, flags, 0o644)
            try:
                length = os.fstat(handle).st_size
                self.done = recorded(self.path, self.file.size, length)
                if length > self.file.size:
                    os.ftruncate(handle, self.file.size)
                self._journal = self._begin_journal()
                if length < self.file.size:
                    preallocate(handle, self.file.size)
            except BaseException:
                self._close()
                raise

    def _record(self, line: bytes) -> None:
        assert self._journal is not None
        rest = b"\n" + line if self._torn else line
        while rest:  # a full disk takes a part of it; what comes later is another line
            self._torn = True
            rest = rest[os.write(self._journal, rest) :]
        self._torn = False
        self._lines += 1
        if self._lines >= _MOST_LINES:
            os.close(self._journal)  # Windows replaces no file that is open
            self._journal = None
            try:
                self._journal = self._begin_journal()
            except OSError:
                self._journal = self._open_journal()
                raise

    def _begin_journal(self) -> int:
        """Written anew, so that it holds no more lines than there are stretches."""
        self._lines = 0
        lines = [describe(self.file), *(_line(s.start, s.end, s.source) for s in self.done)]
        scratch = self.path.with_suffix(".done~")
        scratch.write_bytes(b"".join(lines))
        scratch.replace(journal_of(self.path))
        self._torn = False
        return self._open_journal()

    def _open_journal(self) -> int:
        flags = os.O_WRONLY | os.O_APPEND | getattr(os, "O_BINARY", 0)
        return os.open(journal_of(self.path), flags)

    @property
    def here(self) -> int:
        with self.lock:
            return self.done.total

    @property
    def frontier(self) -> int:
        with self.lock:
            return self.done.prefix

    def write(self, start: int, data: memoryview, source: str) -> None:
        """Raises OSError; what was not written is not recorded."""
        with self._in_use() as handle:
            write_at(handle, data, start)
            self.attribute(start, start + len(data), source)

    def read(self, start: int, view: memoryview) -> int:
        with self._in_use() as handle:
            return read_at(handle, view, start)

    @contextlib.contextmanager
    def _in_use(self) -> Iterator[int]:
        with self.lock:
            handle = self._handle
            assert handle is not None and not self._closing
            self._users += 1
        try:
            yield handle
        finally:
            with self.lock:
                self._users -= 1
                if self._closing and not self._users:
                    self._close()

    def settle(self, start: int, end: int) -> None:
        """These bytes are final: they may go to the disk."""
        if self._handle is not None:
            begin_writeback(self._handle, start, end - start)

    def forget(self, start: int, end: int) -> None:
        with self.lock:
            self.done.remove(start, end)
            self._record(b"-%d %d\n" % (start, end))

    def attribute(self, start: int, end: int, source: str) -> None:
        """Bytes that are here are `source`'s."""
        with self.lock:
            self.done.add(start, end, source)
            self._record(_line(start, end, source))

    def seed(self, start: int, source: Path, offset: int, length: int, origin: str) -> None:
        """Copies bytes that another program left; the hash will tell whether they are right."""
        view = memoryview(bytearray(min(_COPY, max(length, 1))))
        with source.open("rb", buffering=0) as stream:
            stream.seek(offset)
            at, end = start, min(start + length, self.file.size)
            while at < end and (got := stream.readinto(view[: end - at])):
                self.write(at, view[:got], origin)
                at += got

    def close(self) -> None:
        with self.lock:
            self._closing = self._users > 0
            if not self._closing:
                self._close()

    def _close(self) -> None:
        for handle in (self._handle, self._journal):
            if handle is not None:
                os.close(handle)
        self._handle = self._journal = None
        self._closing = False


def journal_of(part: Path) -> Path:
    return part.with_suffix(".done")


def discard(part: Path) -> None:
    """What lies beside a partial file that is none any more."""
    for suffix in (".done", ".done~", ".json"):
        part.with_suffix(suffix).unlink(missing_ok=True)


def sweep(folder: Path, smallest: int) -> None:
    """Removes what a kill left of files too small to be gone on with: they have no journal.

    To be called under the store's lock.
    """
    for part in folder.glob("*.part"):
        with contextlib.suppress(OSError):
            if part.stat().st_size <= smallest and not journal_of(part).exists():
                part.unlink()


def describe(file: RepoFile) -> bytes:
    """For people and `qtune cache`: what this file of hex digits is going to be."""
    about = {"path": file.path, "size": file.size, "sha256": file.sha256}
    return json.dumps(about | {"git_sha1": file.git_sha1}).encode() + b"\n"


def recorded(part: Path, size: int, length: int) -> Intervals:
    """What of a partial file of so many bytes' `length` is known to have been written.

    Without a journal it was written front to back, by an older version.
    """
    done = Intervals()
    try:
        lines = journal_of(part).read_bytes().split(b"\n")
    except FileNotFoundError:
        if length <= size:
            done.add(0, length, EARLIER)
        return done
    # Behind the last newline stands nothing, or a line that a crash cut off.
    for line in lines[1:-1]:
        _note(done, line, min(size, length))
    return done


def _note(done: Intervals, line: bytes, size: int) -> None:
    thrown_away = line.startswith(b"-")
    words = line.removeprefix(b"-").split(b" ", 2)
    try:
        start, end = int(words[0]), int(words[1])
    except (ValueError, IndexError):
        return
    if not 0 <= start < end:
        return
    if thrown_away:
        done.remove(start, end)
    elif end <= size:
        done.add(start, end, words[2].decode("utf-8", "replace") if len(words) > 2 else EARLIER)


def _line(start: int, end: int, source: str) -> bytes:
    return b"%d %d %s\n" % (start, end, source.replace("\n", " ").encode())
