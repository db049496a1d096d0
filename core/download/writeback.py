"""Bytes begin their way to the disk while the rest still comes, so that the last sync finds little to do.

Without it the kernel keeps them in memory for half a minute: the sync of a file that came fast then takes
as long as writing it.
"""

from __future__ import annotations

import ctypes
import functools
import sys
from collections.abc import Callable

_WRITE = 2  # SYNC_FILE_RANGE_WRITE: begins, and does not wait

Begin = Callable[[int, int, int], None]


def begin_writeback(fd: int, start: int, length: int) -> None:
    """Of `length` bytes of an open file from `start` on. A hint: where the system has no such call, nothing."""
    _begin()(fd, start, length)


@functools.cache
def _begin() -> Begin:
    if sys.platform != "linux":
        return _nothing
    library = ctypes.CDLL(None)
    call = getattr(library, "sync_file_range", None)
    if call is None:
        return _nothing
    call.argtypes = (ctypes.c_int, ctypes.c_int64, ctypes.c_int64, ctypes.c_uint)
    call.restype = ctypes.c_int

    def begin(fd: int, start: int, length: int) -> None:
        call(fd, start, length, _WRITE)  # what it cannot do, the sync at the end does

    return begin


def _nothing(fd: int, start: int, length: int) -> None:
    return
