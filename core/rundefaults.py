"""What a run config means when it says nothing: qtune's defaults, each with its reason."""

from __future__ import annotations

from dataclasses import dataclass

from qtune.core.text import Text


@dataclass(frozen=True)
class Default:
    value: bool | int | float | str
    why: Text


# `model: quickstart` and `data: quickstart` mean what is shipped with qtune.
QUICKSTART = "quickstart"
DATA_NOW = (".jsonl", ".json")  # endings of the files that this version trains on
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
    "weight_decay": Default(0.0, Text("LoRA is a regulariser itself.", "LoRA 本身就有正则作用。")),
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
