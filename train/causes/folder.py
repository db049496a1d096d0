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
}
