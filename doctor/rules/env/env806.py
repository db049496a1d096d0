"""ENV806: others on this machine can read a `.env` that holds a secret."""

from __future__ import annotations

from collections.abc import Iterable

from qtune.core.text import Text
from qtune.doctor.facts import Facts, known
from qtune.doctor.finding import Applicability, Finding, Fix, Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.env.words import ON_THIS_MACHINE, ROTATE
from qtune.doctor.rules.places import called, entry_span
from qtune.doctor.rules.words import joined, prose

_PRIVATE = 0o600


def _judge(facts: Facts) -> Iterable[Finding]:
    envfile = known(facts.envfile)
    if envfile is None or envfile.mode is None or not envfile.mode & 0o077:
        return
    secret = next((entry for entry in envfile.entries if entry.looks_secret), None)
    if secret is None or secret.empty:
        return
    yield Finding(
        "ENV806",
        Severity.WARNING,
        Text(
            f"{called(envfile)} holds {secret.key} (line {secret.line}), and others on this machine may read it "
            f"(mode {envfile.mode:04o})",
            f"{called(envfile)} 里有 {secret.key}（第 {secret.line} 行），而本机其他用户可以读取（权限 {envfile.mode:04o}）",
        ),
        span=entry_span(envfile, secret),
        fix=Fix(
            Text("Let only you read and write it", "改为仅自己可读写"),
            Applicability.SAFE,
            command=f"chmod 600 {envfile.path}",
            chmod=(envfile.path, _PRIVATE),
        ),
    )


RULE = Rule(
    "ENV806",
    "env-readable-by-others",
    Severity.WARNING,
    Text("Others can read the secrets in .env", "其他用户可以读取 .env 中的秘密"),
    Page(
        what=prose(
            "`.env` holds a token or a password, and its permissions let other users of this machine read it.",
            "`.env` 中有 Token 或密码，而它的权限允许本机其他用户读取。",
        ),
        why=prose(
            """
            On a shared server everybody with a login can copy your token and act as you: read your private
            models, and with a write token delete them.
            """,
            """
            在共用的服务器上，任何能登录的人都可以复制你的 Token，以你的身份读取私有模型；如果有写权限，还能删
            除它们。
            """,
        ),
        detect=ON_THIS_MACHINE,
        mend=joined(
            prose(
                """
                `qtune doctor --fix` does this:

                ```bash
                chmod 600 .env
                ```
                """,
                """
                `qtune doctor --fix` 会执行：

                ```bash
                chmod 600 .env
                ```
                """,
            ),
            ROTATE,
        ),
        verify=prose(
            """
            ```bash
            ls -l .env
            ```

            begins with `-rw-------`.
            """,
            """
            ```bash
            ls -l .env
            ```

            开头应为 `-rw-------`。
            """,
        ),
        sources=("https://huggingface.co/docs/hub/security-tokens",),
    ),
    needs=("envfile",),
    judge=_judge,
)
