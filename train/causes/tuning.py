"""Why a model cannot be tuned the way that was asked for."""

from __future__ import annotations

from qtune.core.text import Text
from qtune.train.causes.cause import Cause

CAUSES = {
    "TRN070": Cause(
        "qlora-needs-cuda",
        Text(
            "QLoRA keeps the base model in 4 bits with bitsandbytes, which trains on NVIDIA GPUs only.",
            "QLoRA 用 bitsandbytes 把基座模型压成 4 位，只能在 NVIDIA GPU 上训练。",
        ),
        Text(
            "The nearest that works here, with the same lora: section: tuning: lora (and a smaller "
            "model if memory is short)",
            "在这台机器上最接近的选择（lora: 部分不用改）：tuning: lora（内存不够时换更小的模型）",
        ),
    ),
    "TRN071": Cause(
        "bitsandbytes-unusable",
        Text(
            "QLoRA needs the package bitsandbytes, which cannot be used.",
            "QLoRA 需要 bitsandbytes 这个包，而它目前无法使用。",
        ),
        Text(
            "Run: pip install -U bitsandbytes, then python -m bitsandbytes shows whether it works. "
            "Without it: tuning: lora",
            "请运行：pip install -U bitsandbytes，再用 python -m bitsandbytes 检查。"
            "不用它的话：tuning: lora",
        ),
    ),
    "TRN072": Cause(
        "full-in-float16",
        Text(
            "All weights cannot be trained in float16: their updates are too small for it.",
            "float16 无法做全参数训练：权重的更新太小，表示不出来。",
        ),
        Text(
            "Set QTUNE_DTYPE=auto in .env, or tuning: lora.",
            "请在 .env 里设置 QTUNE_DTYPE=auto，或用 tuning: lora。",
        ),
    ),
}
