"""TRN021: the loss is exactly zero. Raised by train."""

from __future__ import annotations

from qtune.core.text import Text
from qtune.doctor.finding import Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.trn.words import DETECT, VERIFY
from qtune.doctor.rules.words import joined, prose

RULE = Rule(
    "TRN021",
    "loss-zero",
    Severity.ERROR,
    Text("The loss is exactly zero", "损失恰好为零"),
    Page(
        what=prose(
            """
            The loss is 0, which a real training does not reach.
            """,
            """
            损失为 0，真实的训练不会达到。
            """,
        ),
        why=prose(
            """
            Nothing is being learnt: the number format lost everything, or there is nothing to learn in the
            rows.
            """,
            """
            这说明什么也没学到：数值格式丢失了精度，或数据里没有可学的内容。
            """,
        ),
        detect=DETECT,
        mend=joined(
            prose(
                """
                See whether the number format is the cause, on a few steps:

                ```bash
                QTUNE_DTYPE=float32 qtune run sft.yaml training.max_steps=10 output_dir=runs/try
                ```

                If the loss is right then, keep `QTUNE_DTYPE=float32`, or bring driver and torch up to date.
                If not, look at the answers in your data.
                """,
                """
                先跑几步，看是不是数值格式的问题：

                ```bash
                QTUNE_DTYPE=float32 qtune run sft.yaml training.max_steps=10 output_dir=runs/try
                ```

                如果损失恢复正常，就保持 `QTUNE_DTYPE=float32`，或更新驱动和 torch；否则请检查数据里的回答。
                """,
            ),
        ),
        verify=VERIFY,
        sources=("https://github.com/hiyouga/LlamaFactory/issues/8553",),
    ),
)
