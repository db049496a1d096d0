"""Whether everything that is still to come has room, in bytes and in files, before the first byte comes."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from pathlib import Path

from qtune.core.amounts import size
from qtune.core.errors import DownloadError
from qtune.core.text import Text

_SMALLEST_BLOCK = 4096


def free_bytes(folder: Path) -> int:
    """For this user, on the file system where `folder` is, or would be made."""
    return shutil.disk_usage(_standing(folder)).free


def free_files(folder: Path) -> int | None:
    """How many more files this user may make there; None where files are not counted (btrfs, Windows)."""
    ask = getattr(os, "statvfs", None)
    if ask is None:
        return None
    try:
        found = ask(_standing(folder))
    except OSError:
        return None
    return int(found.f_favail) if found.f_files else None


def _standing(folder: Path) -> Path:
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return folder


def occupied(path: Path) -> int:
    """Bytes of the disk that a file takes already: of a sparse one the written parts, of a preallocated
    one all of it."""
    try:
        found = path.stat()
    except OSError:
        return 0
    blocks: int | None = getattr(found, "st_blocks", None)
    return found.st_size if blocks is None else blocks * 512


def still_to_take(
    partials: Iterable[tuple[Path, int]], copies: Iterable[int] = ()
) -> tuple[int, int]:
    """Bytes and files that are still to be found room for: what these partial files lack of their sizes,
    and whole copies of so many bytes each."""
    total = files = 0
    for path, whole in partials:
        here = occupied(path)
        total += max(0, _in_blocks(whole) - here)
        files += not path.exists()
    for whole in copies:
        total += _in_blocks(whole)
        files += 1
    return total, files


def _in_blocks(count: int) -> int:
    """A file of one byte takes a block: ten thousand small ones 40 MB more than their sum."""
    return -(-count // _SMALLEST_BLOCK) * _SMALLEST_BLOCK


def require_room(folder: Path, needed: int, files: int = 0) -> None:
    """For all files together. Raises DownloadError DSK600 for bytes, DSK601 for files, saying how much is
    missing and where. A disk that tells nothing of itself is believed to have room."""
    free = free_bytes(folder)
    if needed > free and shutil.disk_usage(_standing(folder)).total:
        lacking = size(needed - free)
        raise DownloadError(
            "DSK600",
            Text(
                f"{size(needed)} are still to come, and the disk of {folder} has {size(free)} free: "
                f"{lacking} too few",
                f"还需 {size(needed)} 空间，而 {folder} 所在磁盘仅剩 {size(free)}，还差 {lacking}",
            ),
            Text(
                "Free some space (`qtune cache` shows what the cache holds), or set HF_HOME to a larger disk, "
                "and run the same command again: it goes on where it stopped.",
                "请清理空间（`qtune cache` 显示缓存内容），或把 HF_HOME 设到更大的磁盘，"
                "然后重新运行同一命令：会从中断处继续。",
            ),
        )
    left = free_files(folder)
    if left is not None and files > left:
        raise DownloadError(
            "DSK601",
            Text(
                f"{files} more files are to be made, and the file system of {folder} has room for {left}: "
                f"{files - left} too few",
                f"还需创建 {files} 个文件，而 {folder} 所在的文件系统只能再创建 {left} 个，还差 {files - left} 个",
            ),
            Text(
                "Remove folders with very many small files (`df -i` shows the count), or set HF_HOME to "
                "another disk, and run the same command again.",
                "请删除含有大量小文件的目录（`df -i` 显示数量），或把 HF_HOME 设到其他磁盘，然后重新运行同一命令。",
            ),
        )
