"""Room for a whole file before its first byte, where the file system can promise it, without writing it."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import functools
import os
import struct
import sys
from collections.abc import Callable
from typing import Any

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)

Reserve = Callable[[int, int], None]


def preallocate(fd: int, size: int, reserve: Reserve | None = None) -> None:
    """The open file has exactly `size` bytes; those it had before are kept, holes read as zeros.

    Raises OSError ENOSPC, EDQUOT or EFBIG where so much does not fit; the file is then as long as before.
    A file system that can promise nothing (NFS before 4.2, FAT, a sparse file on Windows) gets the length
    alone, and may be full later. `reserve` (fd, size) asks the system; by default this one's own way.
    """
    before = os.fstat(fd).st_size
    if size < before:
        _set_length(fd, size)
        return
    if not size:
        return
    try:
        (reserve or _reserve())(fd, size)
    except OSError as error:
        if error.errno in _FULL:
            with contextlib.suppress(OSError):
                _set_length(fd, before)  # ext4 leaves behind what it had found
            raise
        # EOPNOTSUPP, ENOSYS, EINVAL of some FUSE file systems: no promise, and no harm.
    if os.fstat(fd).st_size != size:
        _set_length(fd, size)


@functools.cache
def _reserve() -> Reserve:
    if sys.platform == "linux":
        return _fallocate
    if sys.platform == "darwin":
        return prealloc_store
    return _sparse if os.name == "nt" else _nothing


def _nothing(fd: int, size: int) -> None:
    return


@functools.cache
def _linux() -> Callable[[int, int, int, int], int]:
    """fallocate(2) itself: posix_fallocate writes into every block where the file system has no such call,
    which on NFS sends the whole file over the wire."""
    library = ctypes.CDLL(None, use_errno=True)
    call = getattr(library, "fallocate64", None) or library.fallocate
    call.argtypes = (ctypes.c_int, ctypes.c_int, ctypes.c_int64, ctypes.c_int64)
    call.restype = ctypes.c_int
    result: Callable[[int, int, int, int], int] = call
    return result


def _fallocate(fd: int, size: int) -> None:
    while _linux()(fd, 0, 0, size):
        code = ctypes.get_errno()
        if code != errno.EINTR:
            raise OSError(code, os.strerror(code))


def prealloc_store(
    fd: int, size: int, control: Callable[[int, int, bytes], object] | None = None
) -> None:
    """macOS: F_PREALLOCATE with an fstore_t, in one piece if there is one, else in several; it counts from
    the end of what is allocated, and does not move the file's end."""
    if control is None:
        import fcntl

        control = fcntl.fcntl
    preallocate_command, contiguous, everything, from_end = 42, 2, 4, 3
    missing = size - os.fstat(fd).st_blocks * 512
    if missing <= 0:
        return
    for flags in (contiguous | everything, everything):
        try:
            control(fd, preallocate_command, struct.pack("=Iiqqq", flags, from_end, 0, missing, 0))
        except OSError as error:
            if flags == everything or error.errno not in _FULL:
                raise
        else:
            return


def _sparse(fd: int, size: int) -> None:
    """Windows fills a file with zeros up to where it is written to, unless it is sparse."""
    set_sparse, nothing, length = 0x000900C4, None, ctypes.c_ulong()
    kernel, handle = _windows(fd)
    kernel.DeviceIoControl(
        handle, set_sparse, nothing, 0, nothing, 0, ctypes.byref(length), nothing
    )


def _windows(fd: int) -> tuple[Any, ctypes.c_void_p]:
    import msvcrt

    names = ctypes.__dict__
    handle = msvcrt.__dict__["get_osfhandle"](fd)
    return names["WinDLL"]("kernel32", use_last_error=True), ctypes.c_void_p(handle)


def _set_length(fd: int, size: int) -> None:
    """On Windows `os.ftruncate` writes every zero that it adds."""
    if os.name != "nt":
        os.ftruncate(fd, size)
        return
    kernel, handle = _windows(fd)
    begin = 0
    if not (
        kernel.SetFilePointerEx(handle, ctypes.c_int64(size), None, begin)
        and kernel.SetEndOfFile(handle)
    ):
        raise ctypes.__dict__["WinError"](ctypes.__dict__["get_last_error"]())
