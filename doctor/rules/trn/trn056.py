"""TRN056: eval_share leaves nothing on one side. Raised by train."""

from __future__ import annotations

from qtune.core.text import Text
from qtune.doctor.finding import Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.trn.words import DETECT, VERIFY
from qtune.doctor.rules.words import prose

RULE = Rule(
    "TRN056",
    "nothing-left-to-evaluate",
    Severity.ERROR,
    Text("eval_share leaves nothing on one side", "eval_share 划分后有一边是空的"),
    Page(
        what=prose(
            """
            `eval_share` keeps a share of the rows out of training, and there are so few different rows that
            nothing is left to train on, or nothing to evaluate on.
            """,
            """
            `eval_share` 会从训练数据中留出一部分用于评估，但不同的数据太少，划分后训练或评估的一边是空的。
            """,
        ),
        why=prose(
            """
            Rows that say the same stay together, so that the model is not asked what it has learnt by heart:
            a file of one row, many times over, cannot be divided.
            """,
            """
            内容相同的数据总在同一边，以免用背下来的题做评估；只有一条数据反复出现的文件无法划分。
            """,
        ),
        detect=DETECT,
        mend=prose(
            """
            Take a larger share, more data, or files of their own:

            ```yaml
            eval_data: data/eval.jsonl
            ```
            """,
            """
            请调大比例、增加数据，或单独准备评估文件：

            ```yaml
            eval_data: data/eval.jsonl
            ```
            """,
        ),
        verify=VERIFY,
    ),
)
