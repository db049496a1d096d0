"""CFG010: two values contradict each other. Raised by core.runconfig."""

from __future__ import annotations

from qtune.core.runproblems import CAUSES
from qtune.core.text import Text
from qtune.doctor.finding import Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.cfg.words import DETECT, VERIFY
from qtune.doctor.rules.words import prose

RULE = Rule(
    "CFG010",
    CAUSES["CFG010"].name,
    Severity.ERROR,
    Text("Two values contradict each other", "两个值互相矛盾"),
    Page(
        what=prose(
            """
            Two values of the run config exclude each other; the message names both. For example:

            - `eval_strategy`, `load_best_model_at_end` or `save_strategy: best` without `eval_data` or
              `eval_share`; a best model whose checkpoints fall on other steps than the evaluations
            - `preference:` with `method: sft` or `pt`; a loss that TRL refuses beside another field
            - `tuning: full` with `lora:`
            - `method: kto` with a batch of 1, which has nothing to compare
            - a `format` of data from which the method does not learn
            """,
            """
            训练配置里有两个值互相排斥；提示中会指出是哪两个。例如：

            - 写了 `eval_strategy`、`load_best_model_at_end` 或 `save_strategy: best`，却没有 `eval_data` 或
              `eval_share`；要保留最好的模型，但检查点和评估不在同一步
            - `preference:` 与 `method: sft` 或 `pt` 同时出现；TRL 不接受的损失组合
            - `tuning: full` 与 `lora:` 同时出现
            - `method: kto` 而批大小为 1，无从比较
            - 数据的 `format` 不是该方法能学的
            """,
        ),
        why=prose(
            """
            One of them would be ignored, and you could not tell which.
            """,
            """
            其中一个会被忽略，而你无从知道是哪一个。
            """,
        ),
        detect=DETECT,
        mend=prose(
            """
            Keep the one you mean, and remove the other.
            """,
            """
            保留你想要的那个，删除另一个。
            """,
        ),
        verify=VERIFY,
    ),
)
