"""TOK305: there is a token in a `.env`, but not in the one that is read here."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from pathlib import Path

from qtune.core.hub.interface import AccessState
from qtune.core.text import Text
from qtune.doctor.facts import Facts, known
from qtune.doctor.finding import Applicability, Finding, Fix, Severity, Span
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.tok.held import hubs, state, unread
from qtune.doctor.rules.tok.words import MASKED, VERIFY, WHICH_COUNTS
from qtune.doctor.rules.words import joined, prose


def _judge(facts: Facts) -> Iterable[Finding]:
    for source in hubs(facts):
        line, gate = unread(source, facts), state(source, facts)
        if line is None:
            continue
        envfile = known(facts.envfile)
        here = envfile.path if envfile is not None else ".env"
        gated = gate is AccessState.GATED_NO_TOKEN
        missing = "HUB221" if source.kind == "modelscope" else "GATE400"
        yield Finding(
            "TOK305",
            Severity.ERROR if gated or facts.goal.kind == "push" else Severity.WARNING,
            Text(
                f"{line.key} stands in {line.path} (line {line.line}), which is not read here: "
                f"what counts is {here}",
                f"{line.key} 写在 {line.path}（第 {line.line} 行），但这里不读取该文件：生效的是 {here}",
            ),
            because=missing if gate is AccessState.MISSING_OR_PRIVATE else None,
            span=Span(line.path, line.line, 1, line.line, 1),
            fix=Fix(
                Text(
                    f"Copy the line to {here}, or name the file: --env-file",
                    f"把这一行复制到 {here}，或用 --env-file 指定该文件",
                ),
                Applicability.MANUAL,
                command=f"qtune doctor --env-file {shlex.quote(str(Path(line.path)))}",
            ),
            source=source.name,
        )


RULE = Rule(
    code="TOK305",
    name="dotenv-not-loaded",
    severity=Severity.ERROR,
    title=Text("The token is in a .env that is not read", "Token 写在未被读取的 .env 里"),
    needs=("tokens", "gate", "dotenvs", "envfile"),
    judge=_judge,
    page=Page(
        what=prose(
            """
            No token was found where qtune looks, and the hub asks for one. A token for it stands in another
            `.env`: in a folder above this one, or beside the run config.
            """,
            """
            qtune 在它读取的地方没有找到 Token，而平台要求提供。另一个 `.env` 中有这个平台的 Token：
            它在上级目录，或者在训练配置旁边。
            """,
        ),
        why=joined(
            prose(
                """
                qtune reads one `.env`: that of the folder you are in (or the one named by `--env-file`), and
                never those of the folders above, because a folder that you did not write could bring one.
                Other tools search upwards, or from the script's place, so the same line works there and not
                here. It comes back as 401, which looks as if the token were wrong.
                """,
                """
                qtune 只读取一个 `.env`：当前目录中的那个（或 `--env-file` 指定的那个），
                不会读取上级目录的，因为那可能来自别人写的目录。其他工具会向上查找，或从脚本所在位置查找，
                因此同样一行在那里有效，在这里无效。结果表现为 401，看起来像是 Token 有误。
                """,
            ),
            WHICH_COUNTS,
        ),
        detect=joined(
            prose(
                """
                Up to eight folders above the project, and the folder of the run config, are looked at for a
                `.env` with a token in it; only when no token was found and the hub refused for want of one,
                or when something is to be uploaded, this is a finding. Where two places hold different tokens
                and one of them counts, TOK304 speaks; ENV808 does of other settings.
                """,
                """
                在项目上方最多八级目录以及训练配置所在目录中查找含有 Token 的 `.env`。
                只有没有找到 Token、且平台因此拒绝访问（或要上传）时才会报告。
                如果多处有不同的 Token 而其中一个生效，由 TOK304 说明；其他设置由 ENV808 说明。
                """,
            ),
            MASKED,
        ),
        mend=prose(
            """
            Copy the line to the `.env` of this folder, run qtune in the folder where the file is, or name it:

            ```bash
            qtune doctor --env-file ../.env
            ```

            Your own scripts read no `.env` by themselves. Run them with the settings in place:

            ```bash
            qtune exec -- python train.py
            ```
            """,
            """
            把这一行复制到当前目录的 `.env`，或在该文件所在的目录运行 qtune，或者指定它：

            ```bash
            qtune doctor --env-file ../.env
            ```

            你自己的脚本不会自动读取 `.env`。请带上这些设置来运行：

            ```bash
            qtune exec -- python train.py
            ```
            """,
        ),
        verify=VERIFY,
        sources=(
            "https://huggingface.co/docs/huggingface_hub/package_reference/environment_variables",
        ),
    ),
)
