"""CFG004: a key is given twice. Raised by core.runconfig."""

from __future__ import annotations

from qtune.core.runproblems import CAUSES
from qtune.core.text import Text
from qtune.doctor.finding import Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.cfg.words import DETECT, VERIFY
from qtune.doctor.rules.words import prose

RULE = Rule(
    "CFG004",
    CAUSES["CFG004"].name,
    Severity.ERROR,
    Text("A key is given twice", "同一个键写了两次"),
    Page(
        what=prose(
            """
            The same key stands twice in one table of the run config.
            """,
            """
            训练配置的同一层里，同一个键出现了两次。
            """,
        ),
        why=prose(
            """
            YAML readers usually keep the last one and say nothing, so a changed value seems to have no
            effect. qtune refuses to choose.
            """,
            """
            一般的 YAML 解析器会不声不响地保留最后一个，于是改了值却好像没有生效。qtune 不替你选择。
            """,
        ),
        detect=DETECT,
        mend=prose(
            """
            Keep one of the two lines.
            """,
            """
            两行只保留一行。
            """,
        ),
        verify=VERIFY,
    ),
)
