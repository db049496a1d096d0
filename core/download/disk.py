"""What is asked of the file system: whole writes, synced renames, links, room."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from qtune.core.amounts import size
from qtune.core.errors import DownloadError
from qtune.core.text import Text

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


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
    shutil.copyfile(source, scratch)
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


def free_bytes(folder: Path) -> int:
    """On the file system where `folder` is, or would be made."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return shutil.disk_usage(folder).free


def require_room(folder: Path, needed: int) -> None:
    """Raises DownloadError DSK600 before the first byte, for all files together."""
    free = free_bytes(folder)
    if needed > free:
        raise DownloadError(
            "DSK600",
            Text(
                f"{size(needed)} are still to come, and the disk of {folder} has {size(free)} free",
                f"还需下载 {size(needed)}，而 {folder} 所在磁盘仅剩 {size(free)}",
            ),
            _ROOM,
        )


def write_error(error: OSError, folder: Path) -> DownloadError:
    """What happened to a write, as one error; what was downloaded so far is kept."""
    if error.errno in _FULL:
        return DownloadError(
            "DSK600",
            Text(
                f"The disk of {folder} is full ({os.strerror(error.errno)}); what was downloaded is kept",
                f"{folder} 所在磁盘已满（{os.strerror(error.errno)}）；已下载的内容会保留",
            ),
            _ROOM,
        )
    return DownloadError(
        "DWN007",
        Text(
            f"Cannot write to {folder}: {error.strerror or error}",
            f"无法写入 {folder}：{error.strerror or error}",
        ),
        Text(
            "Check the folder's owner and rights, or set HF_HOME to another disk.",
            "请检查该目录的所有者与权限，或把 HF_HOME 设到其他磁盘。",
        ),
    )


_ROOM = Text(
    "Free some space, or set HF_HOME to a larger disk, and run the same command again: it goes on where "
    "it stopped.",
    "请清理空间，或把 HF_HOME 设到更大的磁盘，然后重新运行同一命令：会从中断处继续。",
)
