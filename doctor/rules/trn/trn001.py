"""TRN001: a data file cannot be opened. Raised by train."""

from __future__ import annotations

from qtune.core.text import Text
from qtune.doctor.finding import Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.trn.words import DETECT, VERIFY
from qtune.doctor.rules.words import joined, prose

RULE = Rule(
    "TRN001",
    "data-unreadable",
    Severity.ERROR,
    Text("A data file cannot be opened", "数据文件打不开"),
    Page(
        what=prose(
            """
            A data file of the run exists in the config but cannot be opened now: no permission, a broken
            link, a disk that went away.
            """,
            """
            训练用的数据文件现在打不开：没有权限、链接失效，或磁盘已断开。
            """,
        ),
        why=prose(
            """
            There is nothing to train on.
            """,
            """
            没有数据就无法训练。
            """,
        ),
        detect=DETECT,
        mend=joined(
            prose(
                """
                ```bash
                ls -l data/train.jsonl
                head -c 300 data/train.jsonl
                ```
                """,
                """
                ```bash
                ls -l data/train.jsonl
                head -c 300 data/train.jsonl
                ```

                确认文件存在且可读。
                """,
            ),
        ),
        verify=VERIFY,
    ),
)
