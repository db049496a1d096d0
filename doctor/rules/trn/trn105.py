"""TRN105: nothing was kept out of training. Raised by train.after."""

from __future__ import annotations

from qtune.core.text import Text
from qtune.doctor.finding import Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.trn.asked import ASKED
from qtune.doctor.rules.words import prose

RULE = Rule(
    "TRN105",
    "nothing-held-out",
    Severity.ERROR,
    Text(
        "Nothing was kept out of training",
        "训练时没有留出数据",
    ),
    Page(
        what=prose(
            """
            `qtune eval RUN_DIR` measures on the rows that the run kept out of training, and this run kept none.
            """,
            """
            `qtune eval RUN_DIR` 用训练时留出的数据评估，而这次训练没有留出。
            """,
        ),
        why=prose(
            """
            Neither `eval_data` nor `eval_share` stands in the run config. The loss on rows that were trained on
            says nothing about new ones.
            """,
            """
            训练配置里没有 `eval_data` 或 `eval_share`。在训练过的数据上算损失，
            说明不了模型在新数据上的表现。
            """,
        ),
        detect=ASKED,
        mend=prose(
            """
            ```bash
            qtune eval runs/sft data/test.jsonl
            ```

            Or let the next run keep some out: `eval_share: 0.05` in its config.
            """,
            """
            ```bash
            qtune eval runs/sft data/test.jsonl
            ```

            或者让下一次训练留出一部分：在配置中写 `eval_share: 0.05`。
            """,
        ),
        verify=prose(
            """
            ```bash
            qtune eval RUN_DIR FILE
            ```

            gets past this point.
            """,
            """
            ```bash
            qtune eval RUN_DIR FILE
            ```

            能越过这一步。
            """,
        ),
    ),
)
