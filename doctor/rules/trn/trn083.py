"""TRN083: more processes than GPUs. Raised by train."""

from __future__ import annotations

from qtune.core.text import Text
from qtune.doctor.finding import Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.trn.words import DETECT, VERIFY
from qtune.doctor.rules.words import joined, prose

RULE = Rule(
    "TRN083",
    "more-processes-than-gpus",
    Severity.ERROR,
    Text("There are more training processes than GPUs", "训练进程比显卡多"),
    Page(
        what=prose(
            """
            `--nproc` starts more processes on this machine than torch sees GPUs, and each process takes one.
            """,
            """
            `--nproc` 在这台机器上启动的进程数多于 torch 能看到的显卡数，而每个进程要用一张卡。
            """,
        ),
        why=prose(
            """
            Two processes on one GPU would share its memory and be slower than one; NCCL refuses it.
            """,
            """
            两个进程挤在一张卡上会平分显存，比一个进程还慢；NCCL 也不允许这样做。
            """,
        ),
        detect=DETECT,
        mend=joined(
            prose(
                """
                ```bash
                qtune run sft.yaml --nproc auto
                ```

                takes as many as there are. If there should be more, `qtune doctor` tells why torch does not see them;
                `CUDA_VISIBLE_DEVICES` may hide some.
                """,
                """
                ```bash
                qtune run sft.yaml --nproc auto
                ```

                会按实际的卡数启动。如果实际的卡更多，`qtune doctor` 会说明 torch 为什么看不到；
                也可能被 `CUDA_VISIBLE_DEVICES` 隐藏了。
                """,
            ),
        ),
        verify=VERIFY,
    ),
)
