"""What the run directory may already hold."""

from __future__ import annotations

from qtune.core.text import Text
from qtune.train.causes.cause import Cause

CAUSES = {
    "TRN030": Cause(
        "run-changed",
        Text(
            "The run directory holds a training of another configuration, model or data; going on "
            "would mix the two.",
            "训练目录里是另一份配置、模型或数据的训练，继续下去会把两者混在一起。",
        ),
        Text(
            "Name another output_dir, or take the change back.",
            "请换一个 output_dir，或撤销改动。",
        ),
    ),
    "TRN031": Cause(
        "output-not-ours",
        Text(
            "The run directory holds a model that qtune did not write; it would be overwritten.",
            "训练目录里有不是 qtune 写入的模型，继续会把它覆盖。",
        ),
        Text("Name another output_dir.", "请换一个 output_dir。"),
    ),
    "TRN032": Cause(
        "output-busy",
        Text(
            "Another process is training into the same run directory.",
            "另一个进程正在往同一个训练目录里写。",
        ),
        Text("Wait for it, or name another output_dir.", "请等它结束，或换一个 output_dir。"),
    ),
    "TRN076": Cause(
        "checkpoint-unloadable",
        Text(
            "The checkpoint holds something else than numbers; it was not loaded, and nothing in it ran.",
            "检查点里有数字以外的东西，没有加载，其中的任何代码都没有执行。",
        ),
        Text(
            "Remove that checkpoint's folder and run the same command again: it goes on from the one before.",
            "请删除这个检查点的文件夹，再运行同样的命令：会从前一个检查点继续。",
        ),
    ),
}
