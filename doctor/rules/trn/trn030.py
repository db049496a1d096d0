"""TRN030: the run directory holds another training. Raised by train."""

from __future__ import annotations

from qtune.core.text import Text
from qtune.doctor.finding import Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.trn.words import DETECT, OTHER_FOLDER, VERIFY
from qtune.doctor.rules.words import joined, prose

RULE = Rule(
    "TRN030",
    "run-changed",
    Severity.ERROR,
    Text("The run directory holds another training", "训练目录里是另一次训练"),
    Page(
        what=prose(
            """
            In the run directory lies a training with other settings, another model or other data. The message
            names what differs.
            """,
            """
            训练目录里已有一次训练，其设置、模型或数据与现在不同。提示中会指出差别。
            """,
        ),
        why=prose(
            """
            To go on from its checkpoints would mix the two, and nobody could say afterwards what the result
            was trained with. More epochs, other logging and other saving may change; the rest may not.
            """,
            """
            如果接着它的检查点继续，就会把两者混在一起，事后谁也说不清结果是用什么训练出来的。轮数、日志和保存
            方式可以改，其他不行。
            """,
        ),
        detect=DETECT,
        mend=joined(
            OTHER_FOLDER,
            prose(
                """
                Or take the change back to go on with the old training.
                """,
                """
                或撤销改动，继续原来的训练。
                """,
            ),
        ),
        verify=VERIFY,
    ),
)
