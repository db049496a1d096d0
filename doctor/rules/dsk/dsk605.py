"""DSK605: a file larger, or a path longer, than the file system takes."""

from __future__ import annotations

from collections.abc import Iterable

from qtune.core.amounts import size
from qtune.core.text import Text
from qtune.doctor.facts import Facts, Place, known
from qtune.doctor.facts.machine import FAT
from qtune.doctor.finding import Finding, Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.advice import manual
from qtune.doctor.rules.dsk.places import GOALS, written_cache
from qtune.doctor.rules.hub.serving import listing
from qtune.doctor.rules.words import prose

_FAT_LIMIT = (1 << 32) - 1
_WINDOWS_LIMIT = 259  # characters, the drive among them
_HASH, _COMMIT = 64, 40


def judge(facts: Facts) -> Iterable[Finding]:
    cache, disk, found = written_cache(facts), known(facts.disk), listing(facts)
    if cache is None or disk is None or found is None:
        return
    if cache.volume.kind in FAT and found.weight_bytes > _FAT_LIMIT:
        yield _too_large(cache, found.weight, found.weight_bytes)
    length = _longest(cache.path, facts.goal.model, found.weight)
    if disk.long_paths is False and length > _WINDOWS_LIMIT:
        yield _too_long(cache, length)


def _longest(cache: str, model: str, weight: str) -> int:
    """Of the paths that a download makes: in the snapshot, and of the note beside a partial file."""
    repo = len(cache) + len("/models--") + len(model.replace("/", "--"))
    shown = len("/snapshots/") + _COMMIT + 1 + len(weight)
    return repo + max(shown, len("/.qtune/partial/.part.json") + _HASH)


def _too_large(cache: Place, name: str, bytes_: int) -> Finding:
    return Finding(
        "DSK605",
        Severity.ERROR,
        Text(
            f"{cache.path} is on a FAT32 disk, which takes no file of 4 GiB or more; {name} has {size(bytes_)}",
            f"{cache.path} 位于 FAT32 磁盘，单个文件不能达到 4 GiB；{name} 有 {size(bytes_)}",
        ),
        fix=manual(
            "Set HF_HOME to a folder on another disk, or format this one as exFAT",
            "把 HF_HOME 设到其他磁盘，或把该盘格式化为 exFAT",
            command=f'df -T "{cache.path}"',
        ),
    )


def _too_long(cache: Place, length: int) -> Finding:
    return Finding(
        "DSK605",
        Severity.ERROR,
        Text(
            f"Paths below {cache.path} would have up to {length} characters; Windows takes {_WINDOWS_LIMIT} here",
            f"{cache.path} 下的路径最长会有 {length} 个字符，而当前 Windows 只允许 {_WINDOWS_LIMIT} 个",
        ),
        fix=manual(
            "Set HF_HOME to a short path such as C:\\hf, or let Windows take long paths (as administrator)",
            "把 HF_HOME 设为较短的路径（如 C:\\hf），或以管理员身份开启 Windows 长路径支持",
            command=(
                r"Set-ItemProperty HKLM:\SYSTEM\CurrentControlSet\Control\FileSystem "
                "LongPathsEnabled 1"
            ),
        ),
    )


RULE = Rule(
    code="DSK605",
    name="file-system-limits",
    severity=Severity.ERROR,
    title=Text("A file too large or a path too long for the disk", "文件过大或路径过长"),
    needs=("disk", "listing"),
    goals=GOALS,
    judge=judge,
    page=Page(
        what=prose(
            """
            The disk has room, but its file system cannot hold what the model brings: FAT32 takes no file of
            4 GiB or more, and Windows, unless told otherwise, no path of more than 259 characters.
            """,
            """
            磁盘有空间，但文件系统放不下该模型的文件：FAT32 的单个文件不能达到 4 GiB；
            Windows 在未开启长路径时，路径不能超过 259 个字符。
            """,
        ),
        why=prose(
            """
            The download breaks off at the fourth gigabyte ("File too large"), or with "No such file or
            directory" for a folder that is plainly there.
            """,
            """
            下载会在第 4 GB 处中断（"File too large"），或者报 "No such file or directory"，而该目录明明存在。
            """,
        ),
        detect=prose(
            """
            The kind of file system is the one in the system's list of mounts (vfat, msdos), the size that of
            the largest file which the hub lists. The length of the longest path is counted; whether Windows
            takes it is read from the registry. Both are tested with recorded answers, not on such a system.

            A disk that does not tell large letters from small ones is not judged: macOS and Windows have such
            disks, and nothing breaks there.
            """,
            """
            文件系统类型取自系统的挂载列表（vfat、msdos），文件大小取自下载源列出的最大文件；
            最长路径由计算得出，Windows 是否允许则读取注册表。这两项用记录的数据测试，未在真实系统上验证。

            不区分大小写的磁盘不作判断：macOS 和 Windows 都是如此，不会造成问题。
            """,
        ),
        mend=prose(
            """
            ```
            HF_HOME=/data/huggingface
            ```

            in `.env`, on a disk with another file system. On Windows a short path is enough, or long paths
            are switched on in PowerShell as administrator, and the terminal opened anew:

            ```powershell
            Set-ItemProperty HKLM:\\SYSTEM\\CurrentControlSet\\Control\\FileSystem LongPathsEnabled 1
            ```
            """,
            """
            在 `.env` 中指向使用其他文件系统的磁盘：

            ```
            HF_HOME=/data/huggingface
            ```

            Windows 上改用较短的路径即可，或以管理员身份在 PowerShell 中开启长路径，然后重新打开终端：

            ```powershell
            Set-ItemProperty HKLM:\\SYSTEM\\CurrentControlSet\\Control\\FileSystem LongPathsEnabled 1
            ```
            """,
        ),
        verify=prose(
            """
            ```bash
            qtune doctor --only DSK605
            ```
            """,
            """
            用以下命令确认：

            ```bash
            qtune doctor --only DSK605
            ```
            """,
        ),
        sources=(
            "https://learn.microsoft.com/windows/win32/fileio/maximum-file-path-limitation",
            "https://learn.microsoft.com/windows/win32/fileio/filesystem-functionality-comparison",
        ),
    ),
)
