"""What can go wrong while training runs."""

from __future__ import annotations

from qtune.core.text import Text
from qtune.train.causes.cause import Cause

CAUSES = {
    "TRN020": Cause(
        "loss-not-finite",
        Text("The loss became NaN or infinite.", "损失变成了 NaN 或无穷大。"),
        Text(
            "Lower training.learning_rate, prefer bfloat16 to float16, and look at the data.",
            "请降低 training.learning_rate，用 bfloat16 代替 float16，并检查数据。",
        ),
    ),
    "TRN021": Cause(
        "loss-zero",
        Text(
            "The loss is exactly 0, so nothing is being learnt.",
            "损失恰好为 0，说明什么也没有学到。",
        ),
        Text(
            "Set QTUNE_DTYPE=float32 once to see whether the number format is the cause.",
            "请用 QTUNE_DTYPE=float32 试一次，看是不是数值格式的问题。",
        ),
    ),
    "TRN022": Cause(
        "out-of-memory",
        Text("The memory of the device is not enough.", "设备的显存（内存）不够。"),
        Text(
            "Set training.per_device_train_batch_size=1, keep activation_checkpointing on, lower "
            "max_length, or take a smaller model.",
            "请设 training.per_device_train_batch_size=1，保持 activation_checkpointing 打开，"
            "减小 max_length，或换更小的模型。",
        ),
    ),
    "TRN023": Cause(
        "disk-full",
        Text("The disk of the run directory is full.", "训练目录所在的磁盘满了。"),
        Text(
            "Free some space and run the same command again; it resumes.",
            "请清理磁盘后再次运行同样的命令，会接着训练。",
        ),
    ),
    "TRN024": Cause(
        "output-unwritable",
        Text("The run directory cannot be written.", "训练目录无法写入。"),
        Text("Name another output_dir.", "请换一个 output_dir。"),
    ),
    "TRN075": Cause(
        "gradient-not-finite",
        Text(
            "The gradients became NaN or infinite; the weights behind that step are worthless.",
            "梯度变成了 NaN 或无穷大，这一步之后的权重已经作废。",
        ),
        Text(
            "Set QTUNE_DTYPE=auto in .env (bfloat16, or float32), lower training.learning_rate or "
            "max_length, and look at the rows.",
            "请在 .env 里设置 QTUNE_DTYPE=auto（bfloat16 或 float32），降低 training.learning_rate "
            "或 max_length，并检查这些数据。",
        ),
    ),
    "TRN074": Cause(
        "disk-too-small",
        Text(
            "The disk cannot hold what this run will write, so it was not begun.",
            "磁盘放不下这次训练要写的东西，所以没有开始训练。",
        ),
        Text(
            "Free some space, or name an output_dir on a larger disk.",
            "请清理磁盘，或把 output_dir 放到更大的磁盘上。",
        ),
    ),
}
