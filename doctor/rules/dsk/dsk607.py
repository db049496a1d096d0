"""DSK607: the cache lies where less may be written than is free: under a quota, or in memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from qtune.core.amounts import size
from qtune.core.text import Text
from qtune.doctor.facts import Disk, Facts, Place, known
from qtune.doctor.facts.machine import MEMORY
from qtune.doctor.finding import Finding, Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.advice import manual
from qtune.doctor.rules.dsk.places import GOALS, written_cache
from qtune.doctor.rules.hub.serving import listing
from qtune.doctor.rules.words import prose


def judge(facts: Facts) -> Iterable[Finding]:
    disk, cache, found = known(facts.disk), written_cache(facts), listing(facts)
    if disk is None or cache is None or found is None:
        return
    yield from _quota(facts, disk, cache, found.missing)
    yield from _memory(facts, cache, found.missing)


def _quota(facts: Facts, disk: Disk, cache: Place, missing: int) -> Iterator[Finding]:
    for quota in disk.quotas:
        if quota.source != cache.volume.source or quota.bytes_left is None:
            continue
        if quota.bytes_left < missing <= cache.free:
            left = size(quota.bytes_left)
            yield Finding(
                "DSK607",
                Severity.ERROR,
                Text(
                    f"{facts.goal.model} needs {size(missing)} more, and your quota at {cache.path} leaves {left}",
                    f"{facts.goal.model} 还需要 {size(missing)}，而你在 {cache.path} 的配额只剩 {left}",
                ),
                (
                    Text(
                        f"free on the disk, for everybody: {size(cache.free)}",
                        f"磁盘对所有人的可用空间：{size(cache.free)}",
                    ),
                ),
                fix=manual(
                    "Set HF_HOME to a disk without a quota (many clusters have one for data), or ask for more",
                    "把 HF_HOME 设到没有配额的磁盘（集群通常有数据盘），或申请提高配额",
                    command="quota -s",
                ),
            )


def _memory(facts: Facts, cache: Place, missing: int) -> Iterator[Finding]:
    """What lies in memory is loaded into memory once more; a machine with room for both is the user's choice."""
    resources = known(facts.resources)
    if cache.volume.kind not in MEMORY or resources is None or missing > cache.free:
        return
    times = 2 if facts.goal.kind == "train" else 1
    if missing * times <= resources.ceiling:
        return
    yield Finding(
        "DSK607",
        Severity.WARNING,
        Text(
            f"{cache.path} is memory ({cache.volume.kind}): {size(missing)} of model would lie in "
            f"{size(resources.ceiling)} of RAM",
            f"{cache.path} 实际是内存（{cache.volume.kind}）：{size(missing)} 的模型将占用总共 "
            f"{size(resources.ceiling)} 的内存",
        ),
        fix=manual(
            "Set HF_HOME to a folder on a real disk",
            "把 HF_HOME 设到真正的磁盘上",
            command=f'df -T "{cache.path}"',
        ),
    )


RULE = Rule(
    code="DSK607",
    name="quota-or-memory",
    severity=Severity.ERROR,
    title=Text("A quota, or a cache in memory", "配额不足，或缓存位于内存中"),
    needs=("disk", "listing", "resources"),
    goals=GOALS,
    judge=judge,
    page=Page(
        what=prose(
            """
            The disk says that there is room, and there is not for you: your home folder has a quota, as on
            most clusters. Or the "disk" is memory (tmpfs, as `/dev/shm` and on many systems `/tmp`), and the
            model would fill it.
            """,
            """
            磁盘显示有空间，但你用不了：家目录有配额，多数集群都是如此。
            或者所谓“磁盘”其实是内存（tmpfs，例如 `/dev/shm`，很多系统的 `/tmp` 也是），模型会把它占满。
            """,
        ),
        why=prose(
            """
            A quota ends the download with "Disk quota exceeded" after hours. Files in memory are loaded into
            memory a second time, and the kernel then kills the training; they are gone after a restart.
            """,
            """
            配额用完时，下载数小时后会以 "Disk quota exceeded" 中断。内存中的文件加载时会再占一份内存，
            训练进程可能被内核杀掉；重启后这些文件也会消失。
            """,
        ),
        detect=prose(
            """
            The program `quota` is asked where there is one, for 2 s, and its row for the cache's file system
            is compared with what is still to be downloaded. The quotas of Lustre, GPFS and the like are not
            seen by it. Tested with a recorded answer.

            Whether the cache lies in memory is in the system's list of mounts. It is a finding only where the
            model, twice for training, is larger than the machine's or the container's memory: a rule of thumb.

            A container's own layer, which is gone with the container, is not judged: from inside it cannot be
            told whether yours is kept.
            """,
            """
            如果有 `quota` 程序，则运行它（限 2 秒），把缓存所在文件系统那一行与待下载的大小比较。
            它看不到 Lustre、GPFS 等的配额。此项用记录的输出测试。

            缓存是否位于内存由系统的挂载列表得知。只有当模型（训练时按两倍计）超过机器或容器的内存时才提示（经验值）。

            容器自身的可写层会随容器一起消失，但不作判断：在容器内部无法知道它是否会被保留。
            """,
        ),
        mend=prose(
            """
            ```
            HF_HOME=/data/me/huggingface
            ```

            in `.env`, on a disk without a quota. On a cluster it is often called scratch, work or data:

            ```bash
            quota -s
            df -hT ~ /tmp /scratch /data
            ```
            """,
            """
            在 `.env` 中指向没有配额的磁盘：

            ```
            HF_HOME=/data/me/huggingface
            ```

            集群上通常叫 scratch、work 或 data：

            ```bash
            quota -s
            df -hT ~ /tmp /scratch /data
            ```
            """,
        ),
        verify=prose(
            """
            ```bash
            qtune doctor --only DSK607
            ```
            """,
            """
            用以下命令确认：

            ```bash
            qtune doctor --only DSK607
            ```
            """,
        ),
        sources=(
            "https://man7.org/linux/man-pages/man5/tmpfs.5.html",
            "https://github.com/huggingface/huggingface_hub/issues/2051",
        ),
    ),
)
