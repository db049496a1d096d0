"""TRN081: another rank of the training ended. Raised by train."""

from __future__ import annotations

from qtune.core.text import Text
from qtune.doctor.finding import Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.trn.words import AGAIN, DETECT, VERIFY
from qtune.doctor.rules.words import joined, prose

RULE = Rule(
    "TRN081",
    "rank-lost",
    Severity.ERROR,
    Text("Another of the training processes ended", "另一个训练进程退出了"),
    Page(
        what=prose(
            """
            This process exchanged gradients with others, and one of them ended or said nothing for half an hour.
            """,
            """
            本进程要和其他进程交换梯度，其中一个已经退出，或半小时没有响应。
            """,
        ),
        why=prose(
            """
            Within one machine qtune names the process that failed first, and its error. Between machines it only sees
            that the connection is gone: the cause is told on the other machine.
            """,
            """
            在同一台机器上，qtune 会指出最先出错的进程和它的错误。跨机器时只能看到连接断开，原因要看另一台机器上的输出。
            """,
        ),
        detect=DETECT,
        mend=joined(
            prose(
                """
                Read what qtune says on the other machines; the first error there is the cause. Where none says anything,
                look at the machine itself (`dmesg | tail`, the scheduler's log) and at the network between them. NCCL
                tells more with `NCCL_DEBUG=INFO` and `qtune run -v`.
                """,
                """
                请看其他机器上 qtune 的输出，最早的那个错误就是原因。如果都没有说明，请检查机器本身
                （`dmesg | tail`、调度器的日志）和机器之间的网络。
                设置 `NCCL_DEBUG=INFO` 并用 `qtune run -v` 运行，NCCL 会给出更多信息。
                """,
            ),
            AGAIN,
        ),
        verify=VERIFY,
    ),
)
