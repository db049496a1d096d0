"""TRN104: a reward model writes no answers. Raised by train.after."""

from __future__ import annotations

from qtune.core.text import Text
from qtune.doctor.finding import Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.trn.asked import ASKED
from qtune.doctor.rules.words import prose

RULE = Rule(
    "TRN104",
    "model-does-not-write",
    Severity.ERROR,
    Text(
        "A reward model writes no answers",
        "奖励模型不会生成回答",
    ),
    Page(
        what=prose(
            """
            The run was trained with `method: reward`: its model gives a text a score, and has no words to
            answer with.
            """,
            """
            这次训练是 `method: reward`：模型给文本打分，不能生成回答。
            """,
        ),
        why=prose(
            """
            `qtune chat`, `eval` and `export` are for models that write.
            """,
            """
            `qtune chat`、`eval` 和 `export` 针对会生成文本的模型。
            """,
        ),
        detect=ASKED,
        mend=prose(
            """
            ```bash
            qtune chat runs/dpo
            ```

            Name the run of another method. The adapter of a reward model loads with `transformers` as a
            sequence classifier.
            """,
            """
            ```bash
            qtune chat runs/dpo
            ```

            请使用其他方法的训练结果。奖励模型可以用 `transformers` 按序列分类模型加载。
            """,
        ),
        verify=prose(
            """
            ```bash
            qtune chat RUN_DIR
            ```

            gets past this point.
            """,
            """
            ```bash
            qtune chat RUN_DIR
            ```

            能越过这一步。
            """,
        ),
    ),
)
