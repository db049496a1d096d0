"""DSK600: the files do not fit where they go."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from qtune.core.amounts import size
from qtune.core.text import Text
from qtune.doctor.facts import Disk, Facts, Place, known
from qtune.doctor.finding import Finding, Fix, Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.advice import manual
from qtune.doctor.rules.dsk.places import GOALS, full, written_cache
from qtune.doctor.rules.hub.serving import listing
from qtune.doctor.rules.words import prose
from qtune.doctor.wording import in_both

# Rules of thumb. A file system that is filled to the last byte fails before that; a LoRA run keeps a few
# checkpoints of adapter and optimizer state, some hundred megabytes each for a model of 4 to 8 billion.
_SPARE = 0.05
_CHECKPOINTS = 2_000_000_000


def judge(facts: Facts) -> Iterable[Finding]:
    disk, cache, found = known(facts.disk), written_cache(facts), listing(facts)
    if disk is None:
        return
    if cache is not None and not cache.writable:
        yield from _no_room(cache, cache=True)
    elif cache is not None and found is not None:
        yield from _room(facts, disk, found.missing)
    if disk.output is not None and facts.goal.kind == "train":
        yield from _output(disk.output, disk)


def _room(facts: Facts, disk: Disk, missing: int) -> Iterator[Finding]:
    cache = disk.cache
    shared = disk.output is not None and disk.output.device == cache.device
    run = _CHECKPOINTS if shared and facts.goal.kind == "train" else 0
    if cache.free >= missing * (1 + _SPARE) + run:
        return
    short = cache.free < missing
    lines = [
        Text(f"to download: {size(missing)}", f"待下载：{size(missing)}"),
        Text(f"free at {cache.path}: {size(cache.free)}", f"{cache.path} 可用：{size(cache.free)}"),
    ]
    if run:
        lines.append(
            Text(
                f"checkpoints go to the same disk; reckoned with {size(run)} for them",
                f"检查点也写入同一块磁盘，按 {size(run)} 估算",
            )
        )
    yield Finding(
        "DSK600",
        Severity.ERROR if short else Severity.WARNING,
        Text(
            f"{facts.goal.model} needs {size(missing)} more, and only {size(cache.free)} are free at "
            f"{cache.path}",
            f"{facts.goal.model} 还需要 {size(missing)}，而 {cache.path} 只剩 {size(cache.free)}",
        )
        if short
        else Text(
            f"{facts.goal.model} fits at {cache.path}, but little would be left of {size(cache.free)}",
            f"{cache.path} 放得下 {facts.goal.model}，但可用的 {size(cache.free)} 几乎会被占满",
        ),
        tuple(lines),
        fix=_move(),
    )


def _move() -> Fix:
    return manual(
        "Free some space, or move the cache to a disk with room: HF_HOME=/path/on/that/disk in .env",
        "清理空间，或把缓存移到空间充足的磁盘：在 .env 中写入 HF_HOME=/该磁盘上的路径",
        command="qtune cache",
    )


def _no_room(place: Place, *, cache: bool) -> Iterator[Finding]:
    """Not even a small file could be written. What the user may not write is DSK602's."""
    if not full(place):
        return
    what = (
        Text("The model cache", "模型缓存目录") if cache else Text("The output folder", "输出目录")
    )
    key = "HF_HOME" if cache else "QTUNE_OUTPUT_DIR"
    yield Finding(
        "DSK600",
        Severity.ERROR,
        Text(
            f"{what.en} {place.path} cannot be written to: its disk is full",
            f"{what.zh} {place.path} 无法写入：磁盘已满",
        ),
        (in_both(place.error),) if place.error else (),
        because="DSK601" if place.volume.inodes == 0 else None,
        fix=manual(
            f"Free some space, or set {key} to a folder on another disk",
            f"清理空间，或把 {key} 设到其他磁盘",
            command="df -h",
        ),
    )


def _output(output: Place, disk: Disk) -> Iterator[Finding]:
    if not output.writable:
        yield from _no_room(output, cache=False)
    elif output.device != disk.cache.device and output.free < _CHECKPOINTS:
        yield Finding(
            "DSK600",
            Severity.WARNING,
            Text(
                f"Only {size(output.free)} are free at {output.path}, where checkpoints will be written",
                f"检查点将写入 {output.path}，而那里只剩 {size(output.free)}",
            ),
            fix=manual(
                "Free some space, or set QTUNE_OUTPUT_DIR to a folder on another disk",
                "清理空间，或把 QTUNE_OUTPUT_DIR 设到其他磁盘",
            ),
        )


RULE = Rule(
    code="DSK600",
    name="space",
    severity=Severity.ERROR,
    title=Text("The files do not fit on the disk", "磁盘空间不足"),
    needs=("disk", "listing"),
    goals=GOALS,
    judge=judge,
    page=Page(
        what=prose(
            """
            What is still to be downloaded is larger than the free space where the cache lies, or that disk, or
            the one of the run's folder, is full. Where space is free and nothing may be written all the same,
            it is DSK602, and DSK601 where no more files can be made.
            """,
            """
            待下载的文件比缓存所在磁盘的可用空间还大，或者该磁盘、训练输出目录所在的磁盘已满。
            有空间却无法写入的情况见 DSK602，无法再创建文件见 DSK601。
            """,
        ),
        why=prose(
            """
            `huggingface_hub` only warns and goes on, so the disk is full hours later ("No space left on
            device", "consistency check failed: file should be of size …"). A truncated weight file left
            behind makes `SafetensorError: HeaderTooLarge` the next day.
            """,
            """
            `huggingface_hub` 只给出警告就继续下载，几小时后磁盘才写满（"No space left on device"、
            "consistency check failed: file should be of size …"）。残留的不完整权重文件，
            第二天还会引出 `SafetensorError: HeaderTooLarge`。
            """,
        ),
        detect=prose(
            """
            The hub's listing gives the size of every file; what lies in the cache already is subtracted.
            Against that stands the free space of the cache's disk, and a small file is written, renamed and
            removed to see that it can be done.

            Rules of thumb: five per cent to spare, and 2 GB for a LoRA run's checkpoints where they share
            the disk. A full fine-tuning run needs far more: several times the model's size for each
            checkpoint.
            """,
            """
            根据下载源列出的文件大小，减去缓存中已有的部分，再与缓存所在磁盘的可用空间比较；
            同时写入、改名、删除一个小文件，确认可以写入。

            经验估算：预留 5%；检查点在同一磁盘时，为一次 LoRA 训练预留 2 GB。
            全参数训练需要的空间大得多，每个检查点是模型大小的数倍。
            """,
        ),
        mend=prose(
            """
            Move the cache to a disk with room (`HF_XET_CACHE` follows `HF_HOME`):

            ```
            HF_HOME=/data/huggingface
            QTUNE_OUTPUT_DIR=/data/runs
            ```

            or see what the cache holds, and remove what you no longer need:

            ```bash
            qtune cache
            qtune cache free --older-than 90d
            ```
            """,
            """
            把缓存移到空间充足的磁盘（`HF_XET_CACHE` 会跟随 `HF_HOME`）：

            ```
            HF_HOME=/data/huggingface
            QTUNE_OUTPUT_DIR=/data/runs
            ```

            或查看缓存内容，删除不再需要的部分：

            ```bash
            qtune cache
            qtune cache free --older-than 90d
            ```
            """,
        ),
        verify=prose(
            """
            The column “Avail” should hold more than the model needs:

            ```bash
            df -h ~/.cache/huggingface
            qtune doctor --only DSK600
            ```
            """,
            """
            “可用”（Avail）一列应当大于模型所需：

            ```bash
            df -h ~/.cache/huggingface
            qtune doctor --only DSK600
            ```
            """,
        ),
        sources=("https://github.com/huggingface/huggingface_hub/issues/2051",),
    ),
)
