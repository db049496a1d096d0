"""DSK600: the files do not fit where they go, or nothing can be written there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from qtune.core.amounts import size
from qtune.core.text import Text
from qtune.doctor.facts import Disk, Facts, GoalKind, Place, known
from qtune.doctor.finding import Finding, Fix, Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.advice import manual
from qtune.doctor.rules.hub.serving import listing
from qtune.doctor.rules.words import prose
from qtune.doctor.wording import in_both

_GOALS: frozenset[GoalKind] = frozenset({"download", "train"})
# Rules of thumb. A file system that is filled to the last byte fails before that; a LoRA run keeps a few
# checkpoints of adapter and optimizer state, some hundred megabytes each for a model of 4 to 8 billion.
_SPARE = 0.05
_CHECKPOINTS = 2_000_000_000
_LITTLE = 65_536  # less than this is a full disk


def judge(facts: Facts) -> Iterable[Finding]:
    disk = known(facts.disk)
    if disk is None:
        return
    found = listing(facts)
    missing = found.missing if found is not None else None
    offline = facts.setting("HF_HUB_OFFLINE").value.lower() in ("1", "true", "yes", "on")
    downloads = missing != 0 and not facts.goal.local and not offline
    if downloads and not disk.cache.writable:
        yield _unwritable(disk.cache, cache=True)
    elif downloads and missing is not None:
        yield from _room(facts, disk, missing)
    if facts.goal.kind == "train" and disk.output is not None:
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
        command="hf cache ls",
    )


def _unwritable(place: Place, *, cache: bool) -> Finding:
    what = (
        Text("The model cache", "模型缓存目录") if cache else Text("The output folder", "输出目录")
    )
    key = "HF_HOME" if cache else "QTUNE_OUTPUT_DIR"
    return Finding(
        "DSK600",
        Severity.ERROR,
        Text(
            f"{what.en} {place.path} cannot be written to",
            f"{what.zh} {place.path} 无法写入",
        ),
        (in_both(place.error),) if place.error else (),
        fix=_make_room(key) if _is_full(place) else _make_writable(key, place),
    )


def _is_full(place: Place) -> bool:
    return place.free < _LITTLE or "quota" in place.error.lower()


def _make_room(key: str) -> Fix:
    return manual(
        f"Free some space, or set {key} to a folder on another disk",
        f"清理空间，或把 {key} 设到其他磁盘",
        command="df -h",
    )


def _make_writable(key: str, place: Place) -> Fix:
    return manual(
        f"Make it yours (chown), or set {key} to a folder that you may write to",
        f"修改目录的所有者（chown），或把 {key} 设为可写的目录",
        command=f'ls -ld "{place.path}"',
    )


def _output(output: Place, disk: Disk) -> Iterator[Finding]:
    if not output.writable:
        yield _unwritable(output, cache=False)
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
    title=Text("The files do not fit on the disk", "磁盘空间不足或无法写入"),
    needs=("disk", "listing"),
    goals=_GOALS,
    judge=judge,
    page=Page(
        what=prose(
            """
            What is still to be downloaded is larger than the free space where the cache lies, or the cache
            or the run's folder cannot be written to.
            """,
            """
            待下载的文件比缓存所在磁盘的可用空间还大，或者缓存目录、训练输出目录无法写入。
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
            hf cache ls
            hf cache prune
            ```

            A cache that `root` wrote (by `sudo`, or in a container) is yours again after
            `sudo chown -R $USER ~/.cache/huggingface`.
            """,
            """
            把缓存移到空间充足的磁盘（`HF_XET_CACHE` 会跟随 `HF_HOME`）：

            ```
            HF_HOME=/data/huggingface
            QTUNE_OUTPUT_DIR=/data/runs
            ```

            或查看缓存内容，删除不再需要的部分：

            ```bash
            hf cache ls
            hf cache prune
            ```

            如果缓存是 `root` 写入的（用了 `sudo`，或在容器里），可用
            `sudo chown -R $USER ~/.cache/huggingface` 改回自己名下。
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
