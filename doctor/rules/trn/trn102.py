"""TRN102: the adapter does not fit on the base model. Raised by train.after."""

from __future__ import annotations

from qtune.core.text import Text
from qtune.doctor.finding import Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.trn.asked import ASKED
from qtune.doctor.rules.words import prose

RULE = Rule(
    "TRN102",
    "adapter-unfit",
    Severity.ERROR,
    Text(
        "The adapter does not fit on the base model",
        "适配器与基座模型不匹配",
    ),
    Page(
        what=prose(
            """
            The shapes of the adapter's weights are not those of the base model that it is to be put on.
            """,
            """
            适配器权重的形状与要套用的基座模型不一致。
            """,
        ),
        why=prose(
            """
            `--base` names another size or generation, or the vocabulary was changed after training: tools that
            resize the embeddings to the tokenizer's length (151,666 in place of Qwen's 151,936) make such
            adapters.
            """,
            """
            `--base` 给了另一个尺寸或另一代模型，或者训练后词表被改过：有些工具会把词嵌入缩到分词器的长度（Qwen 的 151,936 变
            成 151,666），就会产生这种适配器。
            """,
        ),
        detect=ASKED,
        mend=prose(
            """
            ```bash
            grep base_model_name_or_path runs/sft/adapter_config.json
            qtune chat runs/sft
            ```

            Without `--base` the model on record is taken, which fits. qtune itself never shrinks the
            embeddings.
            """,
            """
            ```bash
            grep base_model_name_or_path runs/sft/adapter_config.json
            qtune chat runs/sft
            ```

            不加 `--base` 时使用记录中的模型，一定匹配。qtune 自己从不缩小词嵌入。
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
