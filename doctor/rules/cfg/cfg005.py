"""CFG005: unknown key in the run config. Raised by core.runconfig."""

from __future__ import annotations

from qtune.core.runproblems import CAUSES
from qtune.core.text import Text
from qtune.doctor.finding import Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.cfg.words import DETECT, EXAMPLE, VERIFY
from qtune.doctor.rules.words import joined, prose

RULE = Rule(
    "CFG005",
    CAUSES["CFG005"].name,
    Severity.ERROR,
    Text("Unknown key in the run config", "训练配置中有未知的键"),
    Page(
        what=prose(
            """
            The run config has a key that neither qtune nor the library behind that section knows.
            """,
            """
            训练配置里有一个键，qtune 和该部分对应的库都不认识。
            """,
        ),
        why=prose(
            """
            A misspelt `learning_rat` would otherwise be ignored, and hours later the model was trained with
            the default.
            """,
            """
            否则拼错的 `learning_rat` 会被忽略，几个小时后才发现用的是默认值。
            """,
        ),
        detect=DETECT,
        mend=joined(
            prose(
                """
                Usually a typing error; the message names the nearest key. Names from other trainers and older
                versions:

                - `cutoff_len`, `max_seq_length`: write `max_length` at the top level
                - `lora_rank`, `lora_target`: write `lora: {r: 8, target_modules: all-linear}`
                - `model_name_or_path`, `dataset`, `stage`, `finetuning_type`: write `model`, `data`,
                  `method`, `tuning`
                - `warmup_ratio`: write `warmup_steps`; below 1 it is a share of all steps
                - `evaluation_strategy`: is called `eval_strategy` now
                - `val_size`, `eval_dataset`: write `eval_share`, `eval_data`
                - `pref_beta`, `pref_loss`: write `preference: {beta: 0.1, loss_type: sigmoid}`
                - `flash_attn`: write `attn_implementation`

                `lora:` takes the fields of peft's `LoraConfig`, `training:` those of transformers'
                `TrainingArguments`, `preference:` those of TRL's config of the method.
                """,
                """
                多半是拼写错误，提示中会给出最接近的键。来自其他训练工具或旧版本的名称：

                - `cutoff_len`、`max_seq_length`：在最外层写 `max_length`
                - `lora_rank`、`lora_target`：写成 `lora: {r: 8, target_modules: all-linear}`
                - `model_name_or_path`、`dataset`、`stage`、`finetuning_type`：分别写 `model`、`data`、
                  `method`、`tuning`
                - `warmup_ratio`：写 `warmup_steps`，小于 1 的值表示占总步数的比例
                - `evaluation_strategy`：现在叫 `eval_strategy`
                - `val_size`、`eval_dataset`：分别写 `eval_share`、`eval_data`
                - `pref_beta`、`pref_loss`：写成 `preference: {beta: 0.1, loss_type: sigmoid}`
                - `flash_attn`：写 `attn_implementation`

                `lora:` 中可用 peft 的 `LoraConfig` 字段，`training:` 中可用 transformers 的
                `TrainingArguments` 字段，`preference:` 中可用 TRL 对应方法的配置字段。
                """,
            ),
            EXAMPLE,
        ),
        verify=VERIFY,
        sources=(
            "https://huggingface.co/docs/peft/package_reference/lora",
            "https://huggingface.co/docs/transformers/main_classes/trainer",
            "https://huggingface.co/docs/trl/dpo_trainer",
        ),
    ),
)
