"""CFG091: the facts file cannot be used. Raised by commands.factsfile."""

from __future__ import annotations

from qtune.core.text import Text
from qtune.doctor.finding import Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.words import prose

RULE = Rule(
    "CFG091",
    "facts-unusable",
    Severity.ERROR,
    Text("The facts file cannot be used", "无法使用 facts 文件"),
    Page(
        what=prose(
            """
            `qtune doctor --facts FILE` was given a file that is missing, too large, not UTF-8, or was not
            written by `--save` of a version this one understands.
            """,
            """
            `qtune doctor --facts FILE` 给出的文件不存在、太大、不是 UTF-8，或不是由当前版本能理解的 `--save`
            写出的。
            """,
        ),
        why=prose(
            """
            Without the facts there is nothing to judge again.
            """,
            """
            没有这些事实就无法重新判断。
            """,
        ),
        detect=prose(
            """
            The whole file is read and checked before anything is judged.
            """,
            """
            在判断之前先读完并检查整个文件。
            """,
        ),
        mend=prose(
            """
            Save them again on the machine that has the problem, and copy the file as it is:

            ```bash
            qtune doctor --save facts.json
            qtune doctor --facts facts.json
            ```
            """,
            """
            在出问题的机器上重新保存，并原样复制该文件：

            ```bash
            qtune doctor --save facts.json
            qtune doctor --facts facts.json
            ```
            """,
        ),
        verify=prose(
            """
            Run the command again: it goes on past this point.
            """,
            """
            重新运行命令，应当不再停在这里。
            """,
        ),
    ),
)
