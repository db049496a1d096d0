"""HUB225: what stands for a revision is none; raised by core.hub before anything is asked."""

from __future__ import annotations

from qtune.core.text import Text
from qtune.doctor.finding import Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.words import prose

RULE = Rule(
    code="HUB225",
    name="revision-name",
    severity=Severity.ERROR,
    title=Text("The revision's name cannot be one", "版本名无效"),
    page=Page(
        what=prose(
            """
            A revision is a branch (`main`), a tag (`v1.0`) or a commit of 40 hex digits. What was given has
            characters that none of these can have, or would lead out of the cache's folder (`..`).
            """,
            """
            版本（revision）可以是分支（`main`）、标签（`v1.0`），或 40 位十六进制的 commit。
            给出的内容含有它们都不可能有的字符，或者会指向缓存目录之外（`..`）。
            """,
        ),
        why=prose(
            """
            The revision becomes part of an address and of a file name in the cache, so it is checked before
            either is made.
            """,
            """
            版本名会成为网址和缓存文件名的一部分，因此要先检查再使用。
            """,
        ),
        detect=prose(
            """
            Letters, digits, `.`, `_`, `+`, `/` and `-`, up to 255 of them, with no part that begins with a
            dot. Nothing is asked of a hub for that.
            """,
            """
            允许字母、数字、`.`、`_`、`+`、`/`、`-`，不超过 255 个字符，且每一段都不能以点开头。
            这一步不访问任何下载源。
            """,
        ),
        mend=prose(
            """
            Leave the revision out to get the default branch: `main` on Hugging Face, `master` on
            ModelScope. A commit of one hub means nothing on the other.
            """,
            """
            不写版本即使用默认分支：Hugging Face 是 `main`，ModelScope 是 `master`。
            一个平台的 commit 在另一个平台上没有意义。
            """,
        ),
        verify=prose(
            """
            The download's last line is the folder of that revision:

            ```bash
            qtune download Qwen/Qwen3-4B --revision main
            ```
            """,
            """
            下载命令最后一行会输出该版本所在的目录：

            ```bash
            qtune download Qwen/Qwen3-4B --revision main
            ```
            """,
        ),
        sources=("https://huggingface.co/docs/huggingface_hub/guides/download",),
    ),
)
