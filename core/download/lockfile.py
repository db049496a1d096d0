"""The files of a lock: `writer.1`, made in one step with its content or not at all, by one process alone.

    writer.N     the highest N holds; its holder rewrites the count of its heartbeats in place
    writer-*     a content on its way to such a name

Nothing is ever made by replacing: link(2), or O_EXCL where there are no hard links, fails where the name is
taken, on NFS too. So of several processes that pass over a dead `writer.3` one makes `writer.4`, and the old
holder, should it come back, sees a higher number than its own. A name is removed by its holder, or by the
holder of a higher one.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import stat
from pathlib import Path

from qtune.core.download.holder import Holder
from qtune.core.download.positioned import write_at

NAME = re.compile(r"writer(\.[1-9]\d{0,8}|-[0-9a-f]{32})")
NOBODY = b"no file"
_MOST = 4096  # bytes of a lock file that are read
_GONE = (errno.ENOENT, errno.ESTALE, errno.ENOTDIR)
_NO_FILE = (errno.ELOOP, errno.EISDIR, errno.ENXIO)
_REAL = (errno.ENOSPC, errno.EDQUOT, errno.ENOENT, errno.ESTALE)
_BINARY: int = getattr(os, "O_BINARY", 0)
_CAREFUL: int = _BINARY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)


def highest(folder: Path) -> int:
    """The number of the holder; 0: nobody holds.

    A listing may be old on NFS, so the next names are asked for one by one.
    """
    number = 0
    try:
        with os.scandir(folder) as found:
            for entry in found:
                if NAME.fullmatch(entry.name) and entry.name[6] == ".":
                    number = max(number, int(entry.name[7:]))
    except FileNotFoundError:
        return 0
    while os.path.lexists(_path(folder, number + 1)):
        number += 1
    return number


def content(folder: Path, number: int) -> bytes | None:
    """None: it is gone. NOBODY: it is no file, and none of ours."""
    try:
        handle = os.open(_path(folder, number), os.O_RDONLY | _CAREFUL)
    except OSError as error:
        if error.errno in _GONE:
            return None
        if error.errno in _NO_FILE:
            return NOBODY
        raise
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            return NOBODY
        return os.read(handle, _MOST)
    except OSError as error:
        if error.errno in _GONE:
            return None
        if error.errno in _NO_FILE:
            return NOBODY
        raise
    finally:
        os.close(handle)


class Claim:
    """A name that is ours, and open, so that a heartbeat never goes into another's file."""

    def __init__(self, folder: Path, number: int, holder: Holder, handle: int) -> None:
        self.folder = folder
        self.number = number
        self.holder = holder
        self._handle = handle

    def beat(self, count: int) -> None:
        """Raises OSError as the disk does."""
        write_at(self._handle, memoryview(_beats(count)), len(self.holder.to_bytes()))
        # Another machine sees what the server has. Of a change in place this is the file's own few bytes.
        getattr(os, "fdatasync", os.fsync)(self._handle)

    def is_there(self) -> bool:
        """Under its name, and ours. Raises OSError where that cannot be seen just now."""
        found = content(self.folder, self.number)
        return found is not None and found.startswith(self.holder.to_bytes())

    def close(self) -> None:
        os.close(self._handle)

    def withdraw(self) -> None:
        """The lock is free, if it was still ours. What cannot be removed is seen to be dead."""
        ours = False
        with contextlib.suppress(OSError):
            ours = self.is_there()
        self.close()  # Windows removes no open file
        if ours:
            with contextlib.suppress(OSError):
                _path(self.folder, self.number).unlink()

    def sweep(self) -> None:
        """Lower names, which hold nothing any more, and what was left on its way here."""
        with contextlib.suppress(OSError), os.scandir(self.folder) as found:
            for entry in found:
                if not NAME.fullmatch(entry.name):
                    continue
                if entry.name[6] == "-" or int(entry.name[7:]) < self.number:
                    with contextlib.suppress(OSError):
                        Path(entry.path).unlink()


def claim(folder: Path, number: int, holder: Holder) -> Claim | None:
    """None: another was quicker. Raises OSError where nothing can be made in `folder`."""
    at = _path(folder, number)
    draft = folder / f"writer-{holder.nonce}"
    written = holder.to_bytes() + _beats(0)
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | _BINARY
    handle = os.open(draft, flags, 0o666)
    try:
        write_at(handle, memoryview(written), 0)
        # Closed, the server of a network disk has it; a local disk need not be waited for.
        os.close(handle)
        handle = -1
        handle = os.open(draft, os.O_RDWR | _BINARY)
        try:
            os.link(draft, at)
        except (OSError, NotImplementedError) as error:
            known = getattr(error, "errno", None)
            if known == errno.EEXIST:
                # An answer lost on the way is asked for again, and then the name is there: it may be ours.
                if (content(folder, number) or b"").startswith(holder.to_bytes()):
                    return Claim(folder, number, holder, handle)
                os.close(handle)
                return None
            if known in _REAL:
                raise
        else:
            return Claim(folder, number, holder, handle)
    except BaseException:
        if handle >= 0:
            os.close(handle)
        raise
    finally:
        with contextlib.suppress(OSError):
            draft.unlink()
    os.close(handle)
    return _without_links(at, number, holder, written)


def _without_links(at: Path, number: int, holder: Holder, written: bytes) -> Claim | None:
    """FAT and some network disks: for a moment the name stands there empty, which passes for a living one."""
    try:
        handle = os.open(at, os.O_RDWR | os.O_CREAT | os.O_EXCL | _BINARY, 0o666)
    except FileExistsError:
        return None
    try:
        write_at(handle, memoryview(written), 0)
        os.fsync(handle)
    except BaseException:
        os.close(handle)
        with contextlib.suppress(OSError):
            at.unlink()
        raise
    return Claim(at.parent, number, holder, handle)


def _beats(count: int) -> bytes:
    return b"%012d\n" % count


def _path(folder: Path, number: int) -> Path:
    return folder / f"writer.{number}"
