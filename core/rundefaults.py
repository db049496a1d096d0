"""What a run config means when it says nothing: qtune's defaults, each with its reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from qtune.core.text import Text


@dataclass(frozen=True)
class Default:
    value: bool | int | float | str
    why: Text


# `model: quickstart` and `data: quickstart` mean what is shipped with qtune.
QUICKSTART = "quickstart"
# Endings of files of rows, as core.data.files has them.
DATA_NOW = (
    *(".jsonl", ".json", ".ndjson", ".csv", ".tsv", ".parquet"),
    *(".jsonl.gz", ".json.gz", ".ndjson.gz", ".csv.gz", ".tsv.gz"),
)
MAX_BYTES = 1 << 20  # of a run config; a larger file is the data, or something else
MAX_LENGTH = 2048
MAX_UNUSABLE = 0.01  # of all rows; more, and the file is probably not what it should be

LORA = {
    "r": Default(
        8, Text("Enough for style and format; small adapter.", "足够学会风格和格式，适配器也小。")
    ),
    "lora_alpha": Default(
        16, Text("Twice the rank, the usual scale.", "取 r 的两倍，是常用的强度。")
    ),
    "lora_dropout": Default(
        0.0, Text("A rank of 8 seldom overfits.", "r=8 时很少过拟合，不需要。")
    ),
    "target_modules": Default(
        "all-linear",
        Text(
            "Learns better than attention alone at little cost.",
            "比只加在注意力层学得好，代价很小。",
        ),
    ),
}

TRAINING = {
    "num_train_epochs": Default(
        3, Text("Usual for a few thousand rows.", "几千条数据的常用轮数。")
    ),
    "learning_rate": Default(
        1e-4,
        Text("Safe for LoRA; ten times that of full tuning.", "对 LoRA 稳妥，是全参数微调的十倍。"),
    ),
    "lr_scheduler_type": Default(
        "cosine", Text("Ends gently, without a number to choose.", "收尾平缓，不需要再调参数。")
    ),
    "warmup_steps": Default(
        0.1,
        Text("Below 1 it is a share: a tenth of all steps.", "小于 1 表示比例：前十分之一的步数。"),
    ),
    "per_device_train_batch_size": Default(
        1, Text("Fits wherever the model fits.", "模型放得下就跑得起来。")
    ),
    "gradient_accumulation_steps": Default(
        8, Text("An effective batch of 8 steadies the gradient.", "有效批大小为 8，梯度更平稳。")
    ),
    "max_grad_norm": Default(
        1.0, Text("One bad batch cannot spoil the model.", "避免一个坏批次毁掉模型。")
    ),
    "weight_decay": Default(
        0.0,
        Text(
            "A few epochs seldom need it, and LoRA is a regulariser itself.",
            "训练几轮一般用不到；LoRA 本身也有正则作用。",
        ),
    ),
    "activation_checkpointing": Default(
        True,
        Text("A third slower, far less memory.", "慢约三分之一，显存省很多。"),
    ),
    "logging_steps": Default(10, Text("A line every ten steps.", "每十步记录一次。")),
    "logging_first_step": Default(
        True, Text("Shows where the loss started.", "能看到损失从哪里开始。")
    ),
    "save_strategy": Default("steps", Text("See save_steps.", "见 save_steps。")),
    "save_steps": Default(
        500, Text("A crash costs at most 500 steps.", "意外中断最多损失 500 步。")
    ),
    "save_total_limit": Default(
        2, Text("Keeping every checkpoint fills the disk.", "全部保留会写满磁盘。")
    ),
    "seed": Default(42, Text("The same run twice.", "同样的训练可以重来一次。")),
}

FULL = {
    "learning_rate": Default(
        1e-5,
        Text(
            "All weights move: a tenth of LoRA's rate keeps what the model knows.",
            "所有权重都会变化，用 LoRA 学习率的十分之一才不会忘掉已有的能力。",
        ),
    ),
}
# Of dpo and kto, which go on from a model that has learnt to answer.
PAIRS = {
    "learning_rate": Default(
        5e-6,
        Text(
            "Two answers are pushed apart without end: more makes the model babble.",
            "偏好训练会不断拉开两个回答的差距，再大模型就容易胡言乱语。",
        ),
    ),
}
PAIRS_FULL = {
    "learning_rate": Default(
        1e-6, Text("As TRL has it for all weights.", "与 TRL 在全参数训练时相同。")
    ),
}
KTO = {
    "per_device_train_batch_size": Default(
        2,
        Text(
            "KTO compares the rows of a batch with each other: one alone tells nothing.",
            "KTO 要在同一批内互相比较，一条数据无从比较。",
        ),
    ),
    "gradient_accumulation_steps": Default(
        4, Text("An effective batch of 8 steadies the gradient.", "有效批大小为 8，梯度更平稳。")
    ),
    "train_sampling_strategy": Default(
        "sequential",
        Text(
            "Each row is compared with its neighbour, which must stay the same one.",
            "每条数据与相邻的一条比较，顺序必须固定。",
        ),
    ),
}
# Where there is something to evaluate on.
EVALUATION = {
    "eval_strategy": Default("steps", Text("There are rows to evaluate on.", "有可供评估的数据。")),
    "eval_steps": Default(
        0.1,
        Text(
            "A share: ten evaluations a run, however long it is.",
            "小于 1 表示比例：不论多长，一次训练评估十次。",
        ),
    ),
    "per_device_eval_batch_size": Default(
        1,
        Text(
            "As many as training has, where that is a number: what fits there fits here.",
            "与训练的批大小相同（为数字时）：能训练就能评估。",
        ),
    ),
}
PREFERENCE = {
    "beta": Default(
        0.1,
        Text("How far the model may leave where it began.", "允许模型偏离初始状态的程度。"),
    ),
}
DPO = {"loss_type": Default("sigmoid", Text("DPO as its paper has it.", "DPO 论文的原始形式。"))}

# Which of these go before the ones of every run, and when.
VARIANTS = (
    (Text("tuning: full", "tuning: full"), FULL),
    (Text("method: dpo or kto", "method: dpo 或 kto"), PAIRS),
    (Text("method: dpo or kto, tuning: full", "method: dpo 或 kto，tuning: full"), PAIRS_FULL),
    (Text("method: kto", "method: kto"), KTO),
    (Text("with eval_data or eval_share", "有 eval_data 或 eval_share 时"), EVALUATION),
)


def lora(tuning: str) -> Mapping[str, Default]:
    return {} if tuning == "full" else LORA


def training(method: str, tuning: str, *, evaluates: bool) -> Mapping[str, Default]:
    """What `training:` means for this run where it is silent."""
    full = tuning == "full"
    pairs = method in ("dpo", "kto")
    return {
        **TRAINING,
        **(FULL if full else {}),
        **(PAIRS if pairs else {}),
        **(PAIRS_FULL if pairs and full else {}),
        **(KTO if method == "kto" else {}),
        **(EVALUATION if evaluates else {}),
    }


def preference(method: str) -> Mapping[str, Default]:
    """What `preference:` means where it is silent."""
    if method not in ("dpo", "kto"):
        return {}
    return {**PREFERENCE, **DPO} if method == "dpo" else PREFERENCE
