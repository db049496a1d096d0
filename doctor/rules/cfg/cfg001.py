"""CFG001: the run config cannot be read. Raised by core.runconfig."""

from __future__ import annotations

from qtune.core.runproblems import CAUSES
from qtune.core.text import Text
from qtune.doctor.finding import Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.cfg.words import DETECT, STARTER, VERIFY
from qtune.doctor.rules.words import joined, prose

RULE = Rule(
    "CFG001",
    CAUSES["CFG001"].name,
    Severity.ERROR,
    Text("The run config cannot be read", "无法读取训练配置"),
    Page(
        what=prose(
            """
            The YAML file named on the command line is missing, is a folder, is larger than 1 MiB, or may not
            be read by you.
            """,
            """
            命令行上给出的 YAML 文件不存在、是个文件夹、超过 1 MiB，或你没有读取权限。
            """,
        ),
        why=prose(
            """
            Without it there is nothing to run. A file of more than 1 MiB is surely another one: the data, for
            example.
            """,
            """
            没有它就无从开始训练。超过 1 MiB 的文件肯定弄错了，例如把数据文件当成了配置。
            """,
        ),
        detect=DETECT,
        mend=joined(
            prose(
                """
                See what is there, and name the file as you see it:

                ```bash
                ls *.yaml
                qtune run sft.yaml
                ```
                """,
                """
                先看看有哪些文件，再按实际名字填写：

                ```bash
                ls *.yaml
                qtune run sft.yaml
                ```
                """,
            ),
            STARTER,
        ),
        verify=VERIFY,
    ),
)
