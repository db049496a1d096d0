"""DSK602: there is room, and the user may not write there."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePath

from qtune.core.text import Text
from qtune.doctor.facts import Facts, Place, known
from qtune.doctor.finding import Finding, Fix, Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.advice import manual
from qtune.doctor.rules.dsk.places import GOALS, full, output, written_cache
from qtune.doctor.rules.words import prose
from qtune.doctor.wording import in_both


def judge(facts: Facts) -> Iterable[Finding]:
    cache, runs, model = written_cache(facts), output(facts), known(facts.model)
    if cache is not None and _refused(cache):
        yield _finding(Text("The model cache", "模型缓存目录"), cache, "HF_HOME")
    elif cache is not None and cache.writable and model is not None and model.closed:
        inner = Place(model.closed, 0, False, 0, owner=model.owner)
        yield _finding(
            Text("A folder of the model in the cache", "缓存中该模型的目录"), inner, "HF_HOME"
        )
    if runs is not None and _refused(runs):
        yield _finding(Text("The output folder", "输出目录"), runs, "QTUNE_OUTPUT_DIR")


def _refused(place: Place) -> bool:
    return not place.writable and not place.silent and not full(place)


def _finding(what: Text, place: Place, key: str) -> Finding:
    by = (
        Text(f" It belongs to {place.owner}.", f"其所有者是 {place.owner}。")
        if place.owner
        else Text("", "")
    )
    return Finding(
        "DSK602",
        Severity.ERROR,
        Text(
            f"{what.en} {place.path} cannot be written to.{by.en}".rstrip("."),
            f"{what.zh} {place.path} 无法写入。{by.zh}".rstrip("。"),
        ),
        (in_both(place.error),) if place.error else (),
        fix=_fix(place, key),
    )


def _fix(place: Place, key: str) -> Fix:
    if place.owner:
        return manual(
            f"Make it yours, or set {key} to a folder that you may write to",
            f"把它改到自己名下，或把 {key} 设为可写的目录",
            command=f'sudo chown -R "$(id -u):$(id -g)" "{_topmost(place.path)}"',
        )
    return manual(
        f"Set {key} to a folder that you may write to",
        f"把 {key} 设为可写的目录",
        command=f'ls -ld "{place.path}"',
    )


def _topmost(path: str) -> str:
    """What `sudo` wrote, it wrote all of: the model's folder, rather than the one in it that was looked at."""
    pure = PurePath(path)
    models = [part for part in (pure, *pure.parents) if part.name.startswith("models--")]
    return str(models[0]) if models else path


RULE = Rule(
    code="DSK602",
    name="not-writable",
    severity=Severity.ERROR,
    title=Text("The cache or the output folder cannot be written to", "缓存或输出目录无法写入"),
    needs=("disk", "model", "listing"),
    goals=GOALS,
    judge=judge,
    page=Page(
        what=prose(
            """
            There is room on the disk, and yet no file can be made where the model or the run is to be
            written: the folder belongs to another user, its rights do not allow it, the disk is mounted
            read-only, or a file stands where a folder should.
            """,
            """
            磁盘有空间，但在模型缓存或训练输出的位置无法创建文件：目录属于其他用户、权限不允许、
            磁盘以只读方式挂载，或者应为文件夹的位置是一个文件。
            """,
        ),
        why=prose(
            """
            The download stops before its first byte with "Permission denied". Most often `root` wrote the
            cache once, by `sudo` or in a container that had it mounted; then the cache's own folder may be
            yours, and only the folder of that one model is not.
            """,
            """
            下载在第一个字节之前就会以 "Permission denied" 停止。最常见的原因是 `root` 写过缓存：
            用过 `sudo`，或在挂载了该目录的容器里运行过。这时缓存目录本身可能是你的，只有某个模型的目录不是。
            """,
        ),
        detect=prose(
            """
            A small file is written, synced, renamed and removed in the nearest folder that exists. In the
            folder of the model within the cache the system is asked whether a file could be made. A cache
            that holds the whole model already is not written to, and not judged.
            """,
            """
            在已存在的最近一级目录里写入、同步、改名并删除一个小文件；对缓存中该模型的各级目录，则向系统询问能否创建文件。
            如果缓存里已有完整的模型，就不会写入，也不作判断。
            """,
        ),
        mend=prose(
            """
            Take over what another user wrote:

            ```bash
            sudo chown -R "$(id -u):$(id -g)" ~/.cache/huggingface
            ```

            or use a folder of your own, in `.env`:

            ```
            HF_HOME=/data/me/huggingface
            QTUNE_OUTPUT_DIR=/data/me/runs
            ```

            In a container, start it as yourself so that it does not happen again:

            ```bash
            docker run --user "$(id -u):$(id -g)" -v ~/.cache/huggingface:/cache -e HF_HOME=/cache my-image
            ```
            """,
            """
            把其他用户写入的内容改到自己名下：

            ```bash
            sudo chown -R "$(id -u):$(id -g)" ~/.cache/huggingface
            ```

            或在 `.env` 中改用自己的目录：

            ```
            HF_HOME=/data/me/huggingface
            QTUNE_OUTPUT_DIR=/data/me/runs
            ```

            使用容器时，以自己的身份启动，避免再次发生：

            ```bash
            docker run --user "$(id -u):$(id -g)" -v ~/.cache/huggingface:/cache -e HF_HOME=/cache my-image
            ```
            """,
        ),
        verify=prose(
            """
            ```bash
            touch ~/.cache/huggingface/hub/try && rm ~/.cache/huggingface/hub/try
            qtune doctor --only DSK602
            ```
            """,
            """
            用以下命令确认：

            ```bash
            touch ~/.cache/huggingface/hub/try && rm ~/.cache/huggingface/hub/try
            qtune doctor --only DSK602
            ```
            """,
        ),
        sources=("https://huggingface.co/docs/huggingface_hub/guides/manage-cache",),
    ),
)
