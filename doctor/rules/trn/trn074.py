"""TRN074: disk-too-small. Raised by train."""

from __future__ import annotations

from qtune.core.text import Text
from qtune.doctor.finding import Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.trn.words import DETECT, VERIFY
from qtune.doctor.rules.words import joined, prose

RULE = Rule(
    "TRN074",
    "disk-too-small",
    Severity.ERROR,
    Text("The disk is too small for this run", "磁盘放不下这次训练"),
    Page(
        what=prose(
            """
            Before the first step qtune reckons what the run will write: a checkpoint (weights that learn, and
            the optimizer's states), how many of them lie on the disk at once, and the final model. The disk
            of the run directory has less free than that, so the run was not begun.
            """,
            """
            第一步之前，qtune 会估算这次训练要写多少东西：一个检查点的大小（要学的权重和优化器状态）、
            磁盘上同时有几个、最终模型的大小。训练目录所在磁盘的剩余空间不够，所以没有开始。
            """,
        ),
        why=prose(
            """
            A disk that fills up in the third hour costs those hours. With full tuning a checkpoint is three
            times as large as the model in float32.
            """,
            """
            训练到第三个小时磁盘才写满，这三个小时就白费了。全参数微调时，一个检查点是 float32 模型的
            三倍大。
            """,
        ),
        detect=DETECT,
        mend=joined(
            prose(
                """
                ```bash
                df -h .
                qtune cache list
                ```

                shows where space is. Then keep fewer checkpoints, or write them elsewhere:

                ```yaml
                training:
                  save_total_limit: 1
                output_dir: /large/disk/runs/mine
                ```
                """,
                """
                ```bash
                df -h .
                qtune cache list
                ```

                看看空间用在了哪里。然后少留几个检查点，或者写到别处：

                ```yaml
                training:
                  save_total_limit: 1
                output_dir: /large/disk/runs/mine
                ```
                """,
            ),
        ),
        verify=VERIFY,
    ),
)
