"""TRN008: nothing is left to learn. Raised by train."""

from __future__ import annotations

from qtune.core.text import Text
from qtune.doctor.finding import Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.trn.words import DETECT, VERIFY
from qtune.doctor.rules.words import joined, prose

RULE = Rule(
    "TRN008",
    "nothing-to-learn",
    Severity.ERROR,
    Text("Nothing is left to learn", "没有剩下可学的内容"),
    Page(
        what=prose(
            """
            In every row the prompt alone is as long as `max_length`, so the answer is cut off. Only answers
            are learnt; prompts are masked.
            """,
            """
            每条数据的提示词就占满了 `max_length`，回答被截掉了。训练只学回答，提示词会被屏蔽。
            """,
        ),
        why=prose(
            """
            The loss would be computed over nothing.
            """,
            """
            这样损失就无从计算。
            """,
        ),
        detect=DETECT,
        mend=joined(
            prose(
                """
                ```yaml
                max_length: 4096
                ```

                It takes more memory. Or shorten the prompts.
                """,
                """
                ```yaml
                max_length: 4096
                ```

                这会占用更多显存。也可以缩短提示词。
                """,
            ),
        ),
        verify=VERIFY,
    ),
)
