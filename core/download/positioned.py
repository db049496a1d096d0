"""Bytes at a place in an open file, all of them, from several threads at once."""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Callable

# Where a read or a write moves the file's one position, whoever moves it is alone with it.
_LOCKS = tuple(threading.Lock() for _ in range(64))


def _write_by_place(fd: int, view: memoryview, offset: int) -> None:
    rest = view.cast("B")
    while rest:
        written = os.pwrite(fd, rest, offset)
        if not written:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        rest, offset = rest[written:], offset + written


def _write_by_seek(fd: int, view: memoryview, offset: int) -> None:
    with _LOCKS[fd % len(_LOCKS)]:
        rest = view.cast("B")
        os.lseek(fd, offset, os.SEEK_SET)
        while rest:
            written = os.write(fd, rest)
            if not written:
                raise OSError(errno.EIO, os.strerror(errno.EIO))
            rest = rest[written:]


def _read_by_place(fd: int, view: memoryview, offset: int) -> int:
    space, done = view.cast("B"), 0
    while done < len(space):
        count = os.preadv(fd, [space[done:]], offset + done)
        if not count:
            break
        done += count
    return done


def _read_by_seek(fd: int, view: memoryview, offset: int) -> int:
    with _LOCKS[fd % len(_LOCKS)]:
        space, done = view.cast("B"), 0
        os.lseek(fd, offset, os.SEEK_SET)
        while done < len(space):
            block = os.read(fd, len(space) - done)
            if not block:
                break
            space[done : done + len(block)] = block
            done += len(block)
        return done


# All of `view`, to the file's bytes from `offset` on. Raises OSError as the disk does; what it had written
# before stays written. On Windows the file must be open with O_BINARY, and nothing else may move it.
write_at: Callable[[int, memoryview, int], None] = (
    _write_by_place if hasattr(os, "pwrite") else _write_by_seek
)

# Into `view`, from `offset` on; how many bytes, fewer only at the end of the file.
read_at: Callable[[int, memoryview, int], int] = (
    _read_by_place if hasattr(os, "preadv") else _read_by_seek
)
