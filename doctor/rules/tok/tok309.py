"""TOK309: others on this machine can read the file in which a login keeps its token."""

from __future__ import annotations

import shlex
from collections.abc import Iterable

from qtune.core.text import Text
from qtune.doctor.facts import Facts, known
from qtune.doctor.finding import Applicability, Finding, Fix, Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.tok.words import MASKED, TOKEN_DOCS
from qtune.doctor.rules.words import joined, prose

_PRIVATE = 0o600
_TITLES = {"huggingface": "Hugging Face", "modelscope": "ModelScope"}


def _judge(facts: Facts) -> Iterable[Finding]:
    files = known(facts.secretfiles)
    for file in files.files if files is not None else ():
        if not file.exposed:
            continue
        hub = _TITLES[file.hub]
        yield Finding(
            "TOK309",
            Severity.WARNING,
            Text(
                f"{file.path} holds your {hub} login, and others on this machine may read it "
                f"(mode {file.mode:04o})",
                f"{file.path} 保存着你的 {hub} 登录凭据，而本机其他用户可以读取（权限 {file.mode:04o}）",
            ),
            fix=Fix(
                Text("Let only you read and write it", "改为仅自己可读写"),
                Applicability.SAFE,
                command=f"chmod 600 {shlex.quote(file.path)}",
                chmod=(file.path, _PRIVATE),
            ),
        )


RULE = Rule(
    code="TOK309",
    name="token-file-perms",
    severity=Severity.WARNING,
    title=Text("Others can read the file of a login", "其他用户可以读取登录凭据文件"),
    needs=("secretfiles",),
    judge=_judge,
    page=Page(
        what=prose(
            """
            `hf auth login` keeps the token in `~/.cache/huggingface/token` and `stored_tokens` beside it,
            `modelscope login` in `~/.modelscope/credentials`. The permissions of such a file, and of the
            folders above it, let other users of this machine read it.
            """,
            """
            `hf auth login` 把 Token 保存在 `~/.cache/huggingface/token` 以及旁边的 `stored_tokens` 中，
            `modelscope login` 保存在 `~/.modelscope/credentials` 中。
            这个文件及其上级目录的权限允许本机其他用户读取它。
            """,
        ),
        why=prose(
            """
            Whoever can read the file can act as you. The tools make these files private; copying a cache,
            `HF_HOME` on a shared disk, and old versions of the tools do not. `.env` itself is ENV806.
            """,
            """
            能读取该文件的人就能以你的身份操作。工具创建这些文件时会设为私有，
            但复制缓存、把 `HF_HOME` 放在共享磁盘上、或使用旧版工具时则不会。`.env` 本身由 ENV806 说明。
            """,
        ),
        detect=joined(
            prose(
                """
                Only the modes are looked at; no file is opened. A file that is readable by its own mode, in a
                folder that others cannot enter, is fine. Only the hubs that the settings allow are looked at.
                Windows keeps no such modes, and there nothing is said.
                """,
                """
                只查看权限位，不打开文件。文件本身可读、但所在目录他人无法进入时不算问题。
                只检查设置允许使用的平台。Windows 没有这种权限位，因此不作判断。
                """,
            ),
            MASKED,
        ),
        mend=prose(
            """
            `qtune doctor --fix` does this for every such file:

            ```bash
            chmod 600 ~/.cache/huggingface/token
            ```

            If others you do not trust have a login there, replace the token as well:
            https://huggingface.co/settings/tokens.
            """,
            """
            `qtune doctor --fix` 会对每个这样的文件执行：

            ```bash
            chmod 600 ~/.cache/huggingface/token
            ```

            如果那台机器上有你不信任的用户，还应更换 Token：https://huggingface.co/settings/tokens 。
            """,
        ),
        verify=prose(
            """
            ```bash
            ls -l ~/.cache/huggingface/token
            ```

            begins with `-rw-------`.
            """,
            """
            ```bash
            ls -l ~/.cache/huggingface/token
            ```

            开头应为 `-rw-------`。
            """,
        ),
        sources=(
            TOKEN_DOCS,
            "https://huggingface.co/docs/huggingface_hub/package_reference/environment_variables",
        ),
    ),
)
