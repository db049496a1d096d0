"""TRN072: full-in-float16. Raised by train."""

from __future__ import annotations

from qtune.core.text import Text
from qtune.doctor.finding import Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.trn.words import DETECT, VERIFY
from qtune.doctor.rules.words import joined, prose

RULE = Rule(
    "TRN072",
    "full-in-float16",
    Severity.ERROR,
    Text("float16 cannot train all weights", "float16 无法做全参数训练"),
    Page(
        what=prose(
            """
            `tuning: full` trains every weight, and `QTUNE_DTYPE=float16` asks for a format in which the usual
            update of a weight is rounded to nothing, or its gradient overflows.
            """,
            """
            `tuning: full` 会训练所有权重，而 `QTUNE_DTYPE=float16` 要求的格式里，权重的正常更新会被舍
            入为零，梯度也容易溢出。
            """,
        ),
        why=prose(
            """
            The loss stands still, or becomes NaN after some steps.
            """,
            """
            损失会停住不动，或者过几步就变成 NaN。
            """,
        ),
        detect=DETECT,
        mend=joined(
            prose(
                """
                In `.env`:

                ```
                QTUNE_DTYPE=auto
                ```

                keeps the weights in float32 and computes in bfloat16 where the GPU can. Or train an adapter:
                `tuning: lora`.
                """,
                """
                在 `.env` 里写：

                ```
                QTUNE_DTYPE=auto
                ```

                权重会用 float32 保存，GPU 支持时用 bfloat16 计算。或者只训练适配器：`tuning: lora`。
                """,
            ),
        ),
        verify=VERIFY,
        sources=("https://github.com/hiyouga/LLaMA-Factory/issues/8553",),
    ),
)
