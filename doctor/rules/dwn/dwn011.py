"""DWN011: the target folder holds another file of that name. Raised by core.download."""

from __future__ import annotations

from qtune.core.download.codes import DWN
from qtune.core.text import Text
from qtune.doctor.finding import Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.dwn.words import DETECT, VERIFY
from qtune.doctor.rules.words import prose

RULE = Rule(
    "DWN011",
    DWN["DWN011"][0],
    Severity.ERROR,
    Text("The target folder holds another file of that name", "目标文件夹中已有同名文件"),
    Page(
        what=prose(
            """
            `--local-dir` names a folder in which there already is a file of the same name with other content,
            and qtune did not write it.
            """,
            """
            `--local-dir` 指定的文件夹里已有同名但内容不同的文件，而且不是 qtune 写的。
            """,
        ),
        why=prose(
            """
            It may be your own work; qtune overwrites nothing that is not its own.
            """,
            """
            那可能是你自己的文件；qtune 不会覆盖不属于它的东西。
            """,
        ),
        detect=DETECT,
        mend=prose(
            """
            Move the file away, or take an empty folder:

            ```bash
            qtune download Qwen/Qwen3-4B --local-dir models/qwen3-4b
            ```

            Without `--local-dir` the model goes into the shared cache, where every tool finds it by its name.
            """,
            """
            移走该文件，或换一个空文件夹：

            ```bash
            qtune download Qwen/Qwen3-4B --local-dir models/qwen3-4b
            ```

            不加 `--local-dir` 时，模型会放进公共缓存，所有工具都能按名字找到它。
            """,
        ),
        verify=VERIFY,
    ),
)
