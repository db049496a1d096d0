"""Why the training process itself did not live."""

from __future__ import annotations

from qtune.core.text import Text
from qtune.train.causes.cause import Cause

CAUSES = {
    "TRN040": Cause(
        "packages-missing",
        Text(
            "A package that training needs is not installed, or broken.",
            "缺少训练所需的包，或者它已损坏。",
        ),
        Text('Run: pip install "qtune[train]"', '请运行：pip install "qtune[train]"'),
    ),
    "TRN041": Cause(
        "killed",
        Text(
            "The training process was killed from outside, usually because memory ran out.",
            "训练进程被强行结束，多半是内存不足。",
        ),
        Text(
            "Run the same command again to resume; take a smaller batch or max_length if it "
            "happens again.",
            "再次运行同样的命令可以接着训练；如果反复出现，请减小批大小或 max_length。",
        ),
    ),
    "TRN042": Cause(
        "child-died",
        Text(
            "The training process ended without saying why.",
            "训练进程没有说明原因就退出了。",
        ),
        Text("Read its last lines below.", "请看下面的最后几行输出。"),
    ),
    "TRN043": Cause(
        "not-offline",
        Text(
            "The training process was started without HF_HUB_OFFLINE=1.",
            "训练进程启动时没有设置 HF_HUB_OFFLINE=1。",
        ),
        Text("Start it with qtune run.", "请用 qtune run 启动。"),
    ),
}
