"""DSK606: files of the model that are not whole, or beginnings of files that nobody will finish."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import PurePath

from qtune.core.amounts import size
from qtune.core.text import Text
from qtune.doctor.facts import BrokenFile, Facts, Leftover, ModelFolder, known
from qtune.doctor.finding import Finding, Fix, Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.advice import manual
from qtune.doctor.rules.dsk.places import GOALS, written_cache
from qtune.doctor.rules.words import prose

_SHOWN = 3


def judge(facts: Facts) -> Iterable[Finding]:
    model = known(facts.model)
    if model is None:
        return
    if model.broken:
        yield _broken(facts, model)
    for left in model.left:
        yield _left(facts, left)


def _broken(facts: Facts, model: ModelFolder) -> Finding:
    """Where a download is to come, it makes good what is broken; without one the loading fails."""
    comes = not facts.goal.local and written_cache(facts) is not None
    count, first = len(model.broken), model.broken[0]
    name = PurePath(first.path).name
    pointers = all(file.why == "pointer" for file in model.broken)
    if pointers:
        message = Text(
            f"{_files(count, name).en} in {model.path}: what lies there are Git LFS pointers, not the weights",
            f"{model.path} 中的 {_files(count, name).zh} 只是 Git LFS 指针，不是真正的权重",
        )
    else:
        message = Text(
            f"{_files(count, name).en} in {model.path}: not whole",
            f"{model.path} 中的 {_files(count, name).zh} 不完整",
        )
    return Finding(
        "DSK606",
        Severity.WARNING if comes else Severity.ERROR,
        message,
        tuple(_line(file) for file in model.broken[:_SHOWN]),
        fix=_mend(facts, model.broken, comes=comes),
    )


def _files(count: int, first: str) -> Text:
    if count == 1:
        return Text(first, f" {first} ".strip())
    return Text(f"{first} and {count - 1} more", f"{first} 等 {count} 个文件")


def _line(file: BrokenFile) -> Text:
    name = PurePath(file.path).name
    if file.wanted is None:
        return Text(f"{name}: {size(file.bytes)}", f"{name}：{size(file.bytes)}")
    return Text(
        f"{name}: {size(file.bytes)} of {size(file.wanted)}",
        f"{name}：{size(file.bytes)}，应为 {size(file.wanted)}",
    )


def _mend(facts: Facts, broken: Sequence[BrokenFile], *, comes: bool) -> Fix:
    if comes:
        return manual(
            "`qtune download` fetches them anew; until then no other program should load the model",
            "`qtune download` 会重新下载；在此之前请勿用其他程序加载该模型",
            command=f"qtune download {facts.goal.model}",
        )
    if facts.goal.local and all(file.why == "pointer" for file in broken):
        return manual(
            "Fetch the weights that the pointers stand for",
            "拉取指针所代表的权重文件",
            command=f'git -C "{facts.goal.model}" lfs pull',
        )
    if facts.goal.local:
        return manual(
            "Copy or download the folder again; a repo id in place of the folder lets qtune do it",
            "重新复制或下载该文件夹；把文件夹换成模型 id，则由 qtune 下载",
        )
    return manual(
        "Download the model again with a network",
        "联网后重新下载该模型",
        command=f"HF_HUB_OFFLINE=0 qtune download {facts.goal.model}",
    )


def _left(facts: Facts, left: Leftover) -> Finding:
    cache = written_cache(facts)
    tight = cache is not None and cache.free < left.bytes
    return Finding(
        "DSK606",
        Severity.WARNING if tight else Severity.INFO,
        Text(
            f"{left.by} was cut off and left {size(left.bytes)} in {left.path}, which qtune does not use",
            f"{left.by} 的下载曾中断，在 {left.path} 留下 {size(left.bytes)}，qtune 用不到它们",
        ),
        fix=manual(
            "Remove them, unless that program is to go on there",
            "如果不打算用那个程序继续下载，可以删除",
            command="".join(_removal(left)),
        ),
    )


def _removal(left: Leftover) -> Iterator[str]:
    if left.by == "modelscope":
        yield f'rm -r "{left.path}"'
    else:
        yield f'rm "{left.path}"/*.incomplete'


RULE = Rule(
    code="DSK606",
    name="partial-files",
    severity=Severity.WARNING,
    title=Text("Files of the model are not whole", "模型文件不完整"),
    needs=("model", "disk", "listing"),
    goals=GOALS,
    judge=judge,
    page=Page(
        what=prose(
            """
            A file of the model on this machine is empty, shorter than it says itself, or a Git LFS pointer
            (three lines of text in place of gigabytes). Or another program was cut off while it downloaded,
            and left the beginning of a file that nobody will finish: `blobs/*.incomplete` of
            `huggingface_hub`, `._____temp/` of older ModelScope clients.
            """,
            """
            本机上该模型的某个文件是空的、比它自己声明的短，或者只是 Git LFS 指针（三行文字，而不是几个 GB）。
            或者其他程序下载时中断，留下了没人会续传的开头部分：`huggingface_hub` 的 `blobs/*.incomplete`，
            旧版 ModelScope 客户端的 `._____temp/`。
            """,
        ),
        why=prose(
            """
            A truncated weight file is loaded as if it were good, and fails with `SafetensorError:
            HeaderTooLarge`, `MetadataIncompleteBuffer` or `JSONDecodeError`, days after the disk was full.
            ModelScope's "integrity check failed … e3b0c442…" speaks of an empty file: that is the hash of
            nothing. `git clone` without Git LFS brings pointers only.

            Beginnings that were left behind do no harm to qtune; they take room.
            """,
            """
            被截断的权重文件会被当作正常文件加载，然后报 `SafetensorError: HeaderTooLarge`、
            `MetadataIncompleteBuffer` 或 `JSONDecodeError`，而此时离磁盘写满可能已过去多日。
            ModelScope 的 "integrity check failed … e3b0c442…" 指的是空文件：那正是空内容的哈希。
            没有安装 Git LFS 时，`git clone` 只会得到指针。

            残留的开头部分不影响 qtune，只是占用空间。
            """,
        ),
        detect=prose(
            """
            A safetensors file begins with a list of its tensors, from which its length follows; that is
            compared with the file. Of other files it is only seen whether they are empty or pointers. Looked
            at are the snapshots that the cache's branches point at, or the folder that you named. Their
            content is not hashed here; the download does that.

            What was changed within the last ten minutes is left alone: another program may be at it. qtune's
            own partial files go on where they stopped, and are no finding.
            """,
            """
            safetensors 文件开头列出了各个张量，由此可算出应有的长度，再与实际长度比较；
            其他文件只看是否为空、是否为指针。检查的是缓存各分支指向的快照，或你指定的文件夹。
            这里不计算哈希，下载时才会校验。

            最近十分钟内有变化的文件不管：可能有程序正在写入。qtune 自己的未完成文件会从中断处继续，不算问题。
            """,
        ),
        mend=prose(
            """
            `qtune download` checks every hash and fetches only what is broken:

            ```bash
            qtune download Qwen/Qwen3-4B
            ```

            A download trusts what it hashed before. Damage that came later is found by hashing everything
            once more; what is wrong is removed, and downloaded again:

            ```bash
            qtune cache verify --fix
            ```

            What was begun and will not be finished:

            ```bash
            qtune cache free --partials
            ```

            In a folder cloned with git:

            ```bash
            git lfs install
            git lfs pull
            ```
            """,
            """
            `qtune download` 会校验每个哈希，只重新下载损坏的部分：

            ```bash
            qtune download Qwen/Qwen3-4B
            ```

            已校验过的文件，下载时不再重复计算哈希。之后才出现的损坏，可用下面的命令重新校验全部内容，
            损坏的文件会被删除，之后重新下载即可：

            ```bash
            qtune cache verify --fix
            ```

            清理不再续传的部分：

            ```bash
            qtune cache free --partials
            ```

            对于用 git 克隆的文件夹：

            ```bash
            git lfs install
            git lfs pull
            ```
            """,
        ),
        verify=prose(
            """
            ```bash
            qtune doctor --only DSK606
            ```
            """,
            """
            用以下命令确认：

            ```bash
            qtune doctor --only DSK606
            ```
            """,
        ),
        sources=(
            "https://huggingface.co/docs/safetensors/index#format",
            "https://github.com/hiyouga/LLaMA-Factory/issues/5825",
            "https://github.com/hiyouga/LLaMA-Factory/issues/5065",
        ),
    ),
)
