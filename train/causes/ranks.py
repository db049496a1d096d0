"""Why several training processes do not work as one."""

from __future__ import annotations

from qtune.core.text import Text
from qtune.train.causes.cause import Cause

CAUSES = {
    "TRN080": Cause(
        "rendezvous-failed",
        Text(
            "The training processes did not find each other.",
            "各个训练进程没能互相找到。",
        ),
        Text(
            "Give the same --nnodes, --nproc and --rdzv-endpoint on every machine, a --node-rank of "
            "its own on each, and let the port of the endpoint through the firewall.",
            "请在每台机器上使用相同的 --nnodes、--nproc 和 --rdzv-endpoint，"
            "各自不同的 --node-rank，并在防火墙里放行该端口。",
        ),
    ),
    "TRN081": Cause(
        "rank-lost",
        Text(
            "Another of the training processes ended or fell silent, so this one could not go on.",
            "另一个训练进程已经退出或失去响应，本进程无法继续。",
        ),
        Text(
            "Look at what qtune says on the other machine. The same command resumes from the last "
            "checkpoint.",
            "请看另一台机器上 qtune 的输出。再次运行同样的命令会从最近的检查点继续。",
        ),
    ),
    "TRN082": Cause(
        "run-dir-not-shared",
        Text(
            "The machines do not see the same run directory.",
            "各台机器看到的不是同一个训练目录。",
        ),
        Text(
            "Put output_dir on a file system that all of them mount at the same path.",
            "请把 output_dir 放在所有机器以相同路径挂载的共享文件系统上。",
        ),
    ),
    "TRN083": Cause(
        "more-processes-than-gpus",
        Text(
            "There are more training processes than GPUs on this machine.",
            "这台机器上的训练进程比显卡多。",
        ),
        Text("Use --nproc auto.", "请使用 --nproc auto。"),
    ),
}
