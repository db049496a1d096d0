"""DSK601: the file system has room for bytes, and none for more files."""

from __future__ import annotations

from collections.abc import Iterable

from qtune.core.text import Text
from qtune.doctor.facts import Facts, Place
from qtune.doctor.finding import Finding, Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.advice import manual
from qtune.doctor.rules.dsk.places import GOALS, output, written_cache
from qtune.doctor.rules.hub.serving import listing
from qtune.doctor.rules.words import prose

# Each file of the model is a blob and a link, with a few folders, notes and partial files beside them.
_EACH, _BESIDE = 2, 32


def judge(facts: Facts) -> Iterable[Finding]:
    found = listing(facts)
    files = found.files if found is not None else 1
    cache, runs = written_cache(facts), output(facts)
    if cache is not None:
        yield from _judged(cache, files * _EACH + _BESIDE, "HF_HOME")
    if runs is not None and (cache is None or runs.device != cache.device):
        yield from _judged(runs, _BESIDE, "QTUNE_OUTPUT_DIR")


def _judged(place: Place, needed: int, key: str) -> Iterable[Finding]:
    inodes = place.volume.inodes
    if inodes is None or inodes >= needed:
        return
    yield Finding(
        "DSK601",
        Severity.ERROR,
        Text(
            f"The file system of {place.path} can hold {inodes} more files; about {needed} are needed",
            f"{place.path} 所在的文件系统只能再创建 {inodes} 个文件，约需 {needed} 个",
        ),
        fix=manual(
            f"Remove folders with very many small files, or set {key} to a folder on another disk",
            f"删除含有大量小文件的目录，或把 {key} 设到其他磁盘",
            command=f'df -i "{place.path}"',
        ),
    )


RULE = Rule(
    code="DSK601",
    name="inodes",
    severity=Severity.ERROR,
    title=Text("No more files can be made on the disk", "磁盘无法再创建文件"),
    needs=("disk", "listing"),
    goals=GOALS,
    judge=judge,
    page=Page(
        what=prose(
            """
            Many file systems can hold only so many files (inodes), however small these are. This one has
            fewer left than the model needs, though there may be much free space.
            """,
            """
            许多文件系统能容纳的文件数（inode）有上限，与文件大小无关。
            剩余数量少于模型所需，即使可用空间还很多。
            """,
        ),
        why=prose(
            """
            Making a file then fails with "No space left on device" while `df -h` shows gigabytes free, which
            is hard to make sense of.
            """,
            """
            创建文件会失败并提示 "No space left on device"，而 `df -h` 显示还有很多空间，很难看出原因。
            """,
        ),
        detect=prose(
            """
            The system says how many files can still be made where the cache and the run's folder lie. Two for
            each file of the model are reckoned with, and some thirty beside them: a rule of thumb. File
            systems without such a limit (btrfs, most network file systems) are not judged.
            """,
            """
            由系统给出缓存目录和输出目录所在位置还能创建多少文件。模型的每个文件按两个计算，另加约三十个（经验值）。
            没有此上限的文件系统（btrfs、多数网络文件系统）不作判断。
            """,
        ),
        mend=prose(
            """
            See which folder holds the most files (old package caches and data sets of single images are the
            usual ones), and remove it, or move the cache:

            ```bash
            df -i ~
            du --inodes -x ~ | sort -n | tail
            ```

            ```
            HF_HOME=/data/huggingface
            ```
            """,
            """
            查看哪个目录的文件最多（通常是旧的包缓存、由单张图片组成的数据集），将其删除，或移动缓存：

            ```bash
            df -i ~
            du --inodes -x ~ | sort -n | tail
            ```

            ```
            HF_HOME=/data/huggingface
            ```
            """,
        ),
        verify=prose(
            """
            The column “IFree” should hold some hundreds at least:

            ```bash
            df -i ~
            qtune doctor --only DSK601
            ```
            """,
            """
            “IFree” 一列至少应有几百：

            ```bash
            df -i ~
            qtune doctor --only DSK601
            ```
            """,
        ),
        sources=("https://man7.org/linux/man-pages/man3/statvfs.3.html",),
    ),
)
