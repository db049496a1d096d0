"""CFG007: a value makes no sense. Raised by core.runconfig."""

from __future__ import annotations

from qtune.core.runproblems import CAUSES
from qtune.core.text import Text
from qtune.doctor.finding import Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.cfg.words import DETECT, EXAMPLE, VERIFY
from qtune.doctor.rules.words import joined, prose

RULE = Rule(
    "CFG007",
    CAUSES["CFG007"].name,
    Severity.ERROR,
    Text("A value makes no sense", "值没有意义"),
    Page(
        what=prose(
            """
            The value is of the right kind, but out of range, not among the choices of its key, or not a
            usable path or model name.
            """,
            """
            值的类型对，但超出范围、不在可选项之中，或不是可用的路径或模型名。
            """,
        ),
        why=prose(
            """
            The libraries would fail on it late, after the download, or train something that you did not mean.
            """,
            """
            否则相关的库会在下载完成之后才报错，或者训练出你并不想要的东西。
            """,
        ),
        detect=DETECT,
        mend=joined(
            prose(
                """
                The message names the limits or the choices. A model is `owner/name` or a local folder;
                `output_dir` is a folder of its own for each run.
                """,
                """
                提示中会给出范围或可选项。模型写成 `owner/name` 或本地文件夹；每次训练的 `output_dir` 要用单独
                的文件夹。
                """,
            ),
            EXAMPLE,
        ),
        verify=VERIFY,
    ),
)
