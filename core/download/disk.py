"""What is asked of the file system: whole writes, synced renames, links; room and its errors beside it."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from qtune.core.download.disk_error import write_error as write_error
from qtune.core.download.room import free_bytes as free_bytes
from qtune.core.download.room import require_room as require_room
from qtune.core.download.writeback import begin_writeback

_STEP = 1 << 20


def write_whole(path: Path, data: bytes) -> None:
    """The file has the old content or the new one, never a part, whenever the power goes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=".qtune-", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def move(source: Path, target: Path) -> None:
    """A finished file to its final name, after its bytes have reached the disk."""
    with source.open("r+b") as file:  # Windows syncs only what may be written
        os.fsync(file.fileno())
    target.parent.mkdir(parents=True, exist_ok=True)
    source.replace(target)
    sync_folder(target.parent)


def copy(source: Path, target: Path, scratch: Path) -> None:
    """By way of `scratch`, on the target's file system."""
    scratch.parent.mkdir(parents=True, exist_ok=True)
    with source.open("rb") as whole, scratch.open("wb") as file:
        # Step by step: copyfile's one long call would not hear ^C, nor would a long sync.
        while block := whole.read(_STEP):
            at = file.tell()
            file.write(block)
            begin_writeback(file.fileno(), at, len(block))
    move(scratch, target)


def link(target: Path, at: Path) -> None:
    """A relative symbolic link at `at`, replacing what stands there in one step."""
    relative = os.path.relpath(target, at.parent)
    if at.is_symlink() and str(at.readlink()) == relative:
        return
    at.parent.mkdir(parents=True, exist_ok=True)
    scratch = at.with_name(f".qtune-{os.getpid()}-{at.name}"[:200])
    scratch.unlink(missing_ok=True)
    scratch.symlink_to(relative)
    scratch.replace(at)


def _symlink(to: str, at: Path) -> None:
    at.symlink_to(to)


def can_link(folder: Path, symlink: Callable[[str, Path], None] = _symlink) -> bool:
    """Ask by making a link in `folder` and following it; raises OSError where nothing can be written.

    Windows wants a right for it, FAT and some NAS have no links at all, and a mount with nosymfollow makes
    them for nobody to follow.
    """
    with tempfile.TemporaryDirectory(prefix=".qtune-", dir=folder) as trial:
        (Path(trial) / "file").write_bytes(b"qtune\n")
        try:
            symlink("file", Path(trial) / "link")
            return (Path(trial) / "link").read_bytes() == b"qtune\n"
        except (OSError, NotImplementedError):
            return False


def sync_folder(folder: Path) -> None:
    """Makes a rename last. Windows has no such call and needs none."""
    if os.name == "nt":
        return
    with contextlib.suppress(OSError):  # some network file systems refuse it
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
