"""TRN041: the training process was killed. Raised by train."""

from __future__ import annotations

from qtune.core.text import Text
from qtune.doctor.finding import Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.trn.words import AGAIN, DETECT, LESS_MEMORY, VERIFY
from qtune.doctor.rules.words import joined, prose

RULE = Rule(
    "TRN041",
    "killed",
    Severity.ERROR,
    Text("The training process was killed", "训练进程被强行结束"),
    Page(
        what=prose(
            """
            The training process was ended from outside (signal 9).
            """,
            """
            训练进程被外部强行结束（信号 9）。
            """,
        ),
        why=prose(
            """
            Usually the system ran out of main memory, or a container or job scheduler reached its limit. The
            process itself gets no chance to say so.
            """,
            """
            多半是系统内存耗尽，或容器、作业调度器达到了上限。进程自己来不及说明。
            """,
        ),
        detect=DETECT,
        mend=joined(
            prose(
                """
                ```bash
                free -h
                dmesg | tail
                ```

                The kernel's log names the process if it ended it ("Out of memory: Killed process").
                """,
                """
                ```bash
                free -h
                dmesg | tail
                ```

                如果是内核结束的，日志里会写明进程（“Out of memory: Killed process”）。
                """,
            ),
            LESS_MEMORY,
            AGAIN,
        ),
        verify=VERIFY,
    ),
)
