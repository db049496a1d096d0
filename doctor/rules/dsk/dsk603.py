"""DSK603: no symbolic links in the cache, and blobs that wait for some: the model is stored twice."""

from __future__ import annotations

from collections.abc import Iterable

from qtune.core.amounts import size
from qtune.core.text import Text
from qtune.doctor.facts import Facts, known
from qtune.doctor.finding import Finding, Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.advice import manual
from qtune.doctor.rules.dsk.places import GOALS, written_cache
from qtune.doctor.rules.words import prose

_LITTLE = 100_000_000  # bytes, a rule of thumb: less is not worth a word


def judge(facts: Facts) -> Iterable[Finding]:
    disk, model = known(facts.disk), known(facts.model)
    if disk is None or model is None or facts.goal.local:
        return
    cache = disk.cache
    if cache.volume.links is not False or model.blobs < _LITTLE:
        return
    short = written_cache(facts) is not None and cache.free < model.blobs
    yield Finding(
        "DSK603",
        Severity.ERROR if short else Severity.WARNING,
        Text(
            f"{cache.path} takes no symbolic links, and {size(model.blobs)} of the model lie there behind "
            "links: qtune has to copy them",
            f"{cache.path} 不支持符号链接，而其中有 {size(model.blobs)} 的模型文件依赖链接：qtune 只能再复制一份",
        ),
        (Text(f"free there: {size(cache.free)}", f"可用空间：{size(cache.free)}"),),
        fix=manual(
            "Allow links (Windows: developer mode), or set HF_HOME to a folder on a disk that has them",
            "允许创建链接（Windows：开启开发者模式），或把 HF_HOME 设到支持链接的磁盘",
        ),
    )


RULE = Rule(
    code="DSK603",
    name="no-symlinks",
    severity=Severity.WARNING,
    title=Text("The cache takes no symbolic links", "缓存目录不支持符号链接"),
    needs=("disk", "model"),
    goals=GOALS,
    judge=judge,
    page=Page(
        what=prose(
            """
            The cache keeps each file once, under the name of its content (`blobs/`), and shows it by a link
            in `snapshots/`. Where the cache lies now, no link can be made or followed: Windows without
            developer mode, a stick with FAT, some network disks, a mount with `nosymfollow`. And the cache
            holds the model already, behind links that another system made.
            """,
            """
            缓存对每个文件只存一份，以内容命名（`blobs/`），并在 `snapshots/` 中用链接呈现。
            而缓存现在所在的位置无法创建或跟随链接：未开启开发者模式的 Windows、FAT 格式的 U 盘、
            部分网络磁盘、以 `nosymfollow` 挂载的文件系统。同时缓存里已有由其他系统通过链接存放的模型。
            """,
        ),
        why=prose(
            """
            Without links qtune keeps the files themselves in `snapshots/`, so everything works, and a model
            that is downloaded there takes no more room than elsewhere. What is there as blobs, though, must be
            copied once: the model lies on the disk twice.
            """,
            """
            没有链接时，qtune 把文件直接放在 `snapshots/` 中，一切照常，新下载的模型也不会多占空间。
            但已有的 blob 必须再复制一份，模型会在磁盘上占两份空间。
            """,
        ),
        detect=prose(
            """
            A link to a small file is made in the cache and read. The blobs of the model are counted; less than
            100 MB of them are not worth a word, which is a rule of thumb. Links that cannot be made where no
            blobs lie are no finding: nothing is lost by it.
            """,
            """
            在缓存中创建一个指向小文件的链接并读取，同时统计该模型 blob 的大小；不足 100 MB 时不提示（经验值）。
            如果没有 blob，即使不能创建链接也不会提示：没有任何损失。
            """,
        ),
        mend=prose(
            """
            On Windows, turn on developer mode (Settings → System → For developers). Otherwise put the cache
            on a disk with links, or have no links from the start, for every program that shares the cache:

            ```
            HF_HOME=/data/huggingface
            HF_HUB_DISABLE_SYMLINKS=1
            ```

            `huggingface_hub` reads the latter from 1.9 on.
            """,
            """
            Windows 请开启开发者模式（设置 → 系统 → 开发者选项）。其他情况可把缓存放到支持链接的磁盘，
            或让共用该缓存的所有程序从一开始就不用链接：

            ```
            HF_HOME=/data/huggingface
            HF_HUB_DISABLE_SYMLINKS=1
            ```

            后一项从 `huggingface_hub` 1.9 起有效。
            """,
        ),
        verify=prose(
            """
            ```bash
            qtune doctor --only DSK603
            ```
            """,
            """
            用以下命令确认：

            ```bash
            qtune doctor --only DSK603
            ```
            """,
        ),
        sources=(
            "https://github.com/huggingface/huggingface_hub/issues/1062",
            "https://huggingface.co/docs/huggingface_hub/how-to-cache#limitations",
        ),
    ),
)
