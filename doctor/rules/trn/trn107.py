"""TRN107: the merged model answers differently. Raised by train.after."""

from __future__ import annotations

from qtune.core.text import Text
from qtune.doctor.finding import Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.trn.asked import ASKED
from qtune.doctor.rules.words import prose

RULE = Rule(
    "TRN107",
    "export-differs",
    Severity.ERROR,
    Text(
        "The merged model answers differently",
        "合并后的模型输出不一致",
    ),
    Page(
        what=prose(
            """
            After merging, qtune loads what it wrote and compares its logits on probe prompts with the
            adapter's. They were too far apart, or the tuning was lost; the merged model was thrown away.
            """,
            """
            合并后，qtune 会重新加载写出的模型，在探测提示词上与适配器比较 logits。
            两者相差太大，或训练效果丢失，因此丢弃了合并结果。
            """,
        ),
        why=prose(
            """
            Allowed are 1e-4 of the logits' spread in float32, 1e-2 in float16, 5e-2 in bfloat16, and at least
            three quarters of what training moved must be kept. A weight in bfloat16 has three digits: a very
            small change may vanish in it.
            """,
            """
            允许的相对误差：float32 为 1e-4，float16 为 1e-2，bfloat16 为 5e-2，
            并且训练带来的变化至少要保留四分之三。bfloat16 的权重只有约三位有效数字，
            太小的改动会被舍入掉。
            """,
        ),
        detect=ASKED,
        mend=prose(
            """
            ```bash
            qtune export runs/sft --dtype float32
            ```

            If it differs in float32 too, it is a bug of qtune or peft: please report it with
            `adapter_config.json`.
            """,
            """
            ```bash
            qtune export runs/sft --dtype float32
            ```

            如果 float32 也不一致，那是 qtune 或 peft 的错误：请附上 `adapter_config.json` 反馈。
            """,
        ),
        verify=prose(
            """
            ```bash
            qtune export RUN_DIR --dtype float32
            ```

            gets past this point.
            """,
            """
            ```bash
            qtune export RUN_DIR --dtype float32
            ```

            能越过这一步。
            """,
        ),
    ),
)
