"""What the system said of a write, as one error: what happened, what is kept, and what to do."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from qtune.core.download.room import free_files
from qtune.core.errors import DownloadError
from qtune.core.text import Text

_GONE = (errno.ESTALE, errno.ENOTCONN, errno.ETIMEDOUT, errno.EHOSTDOWN, errno.ENODEV)


def write_error(error: OSError, folder: Path) -> DownloadError:
    """DSK600 where there is no room, DSK601 where no file can be made, DWN007 for whatever else."""
    said = os.strerror(error.errno) if error.errno else str(error)
    if error.errno == errno.ENOSPC:
        return _no_files(folder) if free_files(folder) == 0 else _full(folder, said)
    if error.errno == errno.EDQUOT:
        return _error(
            "DSK600",
            Text(
                f"Your quota on the disk of {folder} is used up", f"{folder} 所在磁盘的配额已用完"
            ),
            said,
            Text(
                "Free some space (`qtune cache` shows what the cache holds, `quota -s` what you may use), or "
                "set HF_HOME to another disk.",
                "请清理空间（`qtune cache` 显示缓存内容，`quota -s` 显示配额），或把 HF_HOME 设到其他磁盘。",
            ),
        )
    if error.errno == errno.EFBIG:
        return _error(
            "DSK600",
            Text(
                f"A file of this size is not allowed in {folder}",
                f"{folder} 不允许写入这么大的文件",
            ),
            said,
            Text(
                "FAT32 ends at 4 GB a file, and `ulimit -f` may set a limit: raise it, or set HF_HOME to a "
                "disk with another file system.",
                "FAT32 单个文件不能超过 4 GB，`ulimit -f` 也可能限制大小：请放宽限制，"
                "或把 HF_HOME 设到使用其他文件系统的磁盘。",
            ),
        )
    if error.errno == errno.EIO:
        return _error(
            "DWN007",
            Text(f"The disk of {folder} fails", f"{folder} 所在磁盘出现读写错误"),
            said,
            Text(
                "Look for its errors with `dmesg`, save what you need from it, and set HF_HOME to a healthy "
                "disk. On a network disk, ask who runs the server.",
                "请用 `dmesg` 查看磁盘错误，备份重要数据，并把 HF_HOME 设到正常的磁盘；"
                "若是网络磁盘，请联系其管理员。",
            ),
        )
    if error.errno == errno.EROFS:
        return _error(
            "DWN007",
            Text(f"The disk of {folder} is read-only", f"{folder} 所在磁盘是只读的"),
            said,
            Text(
                "A disk that was writable a moment ago is made read-only after errors: `dmesg` tells. Mount it "
                "writable again, or set HF_HOME to another disk.",
                "原本可写的磁盘出错后会变为只读，可用 `dmesg` 查看。请重新以可写方式挂载，"
                "或把 HF_HOME 设到其他磁盘。",
            ),
        )
    if error.errno in _GONE:
        return _error(
            "DWN007",
            Text(f"The network disk of {folder} went away", f"{folder} 所在的网络磁盘已断开"),
            said,
            Text(
                "Mount it again, or set HF_HOME to a disk of this machine.",
                "请重新挂载，或把 HF_HOME 设到本机磁盘。",
            ),
        )
    reason = error.strerror or str(error)
    return DownloadError(
        "DWN007",
        Text(f"Cannot write to {folder}: {reason}", f"无法写入 {folder}：{reason}"),
        Text(
            "Check the folder's owner and rights, or set HF_HOME to another disk.",
            "请检查该目录的所有者与权限，或把 HF_HOME 设到其他磁盘。",
        ),
    )


def _full(folder: Path, said: str) -> DownloadError:
    return _error(
        "DSK600",
        Text(f"The disk of {folder} is full", f"{folder} 所在磁盘已满"),
        said,
        Text(
            "Free some space (`qtune cache` shows what the cache holds), or set HF_HOME to a larger disk.",
            "请清理空间（`qtune cache` 显示缓存内容），或把 HF_HOME 设到更大的磁盘。",
        ),
    )


def _no_files(folder: Path) -> DownloadError:
    return _error(
        "DSK601",
        Text(
            f"The file system of {folder} can hold no more files",
            f"{folder} 所在的文件系统无法再创建文件",
        ),
        os.strerror(errno.ENOSPC),
        Text(
            "Remove folders with very many small files (`df -i` shows the count), or set HF_HOME to another "
            "disk.",
            "请删除含有大量小文件的目录（`df -i` 显示数量），或把 HF_HOME 设到其他磁盘。",
        ),
    )


def _error(code: str, what: Text, said: str, fix: Text) -> DownloadError:
    return DownloadError(
        code,
        Text(
            f"{what.en} ({said}); what was downloaded is kept",
            f"{what.zh}（{said}）；已下载的内容会保留",
        ),
        Text(
            f"{fix.en} Then run the same command again: it goes on where it stopped.",
            f"{fix.zh}然后重新运行同一命令：会从中断处继续。",
        ),
    )
