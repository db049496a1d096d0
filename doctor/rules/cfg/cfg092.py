"""CFG092: the command cannot be carried out as it was typed. Raised by the commands."""

from __future__ import annotations

from qtune.core.text import Text
from qtune.doctor.finding import Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.words import joined, prose

RULE = Rule(
    "CFG092",
    "command-misused",
    Severity.ERROR,
    Text("The command cannot be carried out as it was typed", "命令无法按输入的内容执行"),
    Page(
        what=prose(
            """
            Options contradict each other, the target is neither a model nor a folder nor a run config, a file
            to be written cannot be, or a program to be started is not there.
            """,
            """
            选项互相矛盾，目标既不是模型、也不是文件夹或训练配置，要写的文件写不了，或要启动的程序不存在。
            """,
        ),
        why=prose(
            """
            qtune does not guess what was meant.
            """,
            """
            qtune 不会猜测你的意思。
            """,
        ),
        detect=prose(
            """
            Before anything else is done.
            """,
            """
            在做任何事情之前检查。
            """,
        ),
        mend=joined(
            prose(
                """
                The message names the part that does not fit. A model is written `owner/name`, as on its page:
                `Qwen/Qwen3-4B`.
                """,
                """
                提示会指出不合适的部分。模型写成 `owner/name`，与模型页面一致：`Qwen/Qwen3-4B`。
                """,
            ),
            prose(
                """
                Look at what the command takes:

                ```bash
                qtune --help
                qtune doctor --help
                ```
                """,
                """
                查看命令的用法：

                ```bash
                qtune --help
                qtune doctor --help
                ```
                """,
            ),
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
