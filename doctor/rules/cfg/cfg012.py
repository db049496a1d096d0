"""CFG012: this version cannot do that yet. Raised by core.runconfig."""

from __future__ import annotations

from qtune.core.runproblems import CAUSES
from qtune.core.text import Text
from qtune.doctor.finding import Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.cfg.words import DETECT, EXAMPLE, VERIFY
from qtune.doctor.rules.words import joined, prose

RULE = Rule(
    "CFG012",
    CAUSES["CFG012"].name,
    Severity.ERROR,
    Text("This version cannot do that yet", "当前版本还不支持"),
    Page(
        what=prose(
            """
            The value is understood, but this version of qtune cannot do it: a method other than `sft`, a
            tuning other than `lora`, evaluation during training, several devices, other data formats.
            """,
            """
            qtune 认得这个值，但当前版本还做不到：`sft` 以外的方法、`lora` 以外的微调方式、训练中评估、多设备
            训练、其他数据格式等。
            """,
        ),
        why=prose(
            """
            qtune says so at once instead of training something else in its place.
            """,
            """
            qtune 会马上说明，而不会悄悄换成别的训练方式。
            """,
        ),
        detect=DETECT,
        mend=joined(
            prose(
                """
                Use the value that the message names, or remove the field.
                """,
                """
                改用提示中给出的值，或删除该字段。
                """,
            ),
            EXAMPLE,
        ),
        verify=VERIFY,
    ),
)
