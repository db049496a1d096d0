"""TRN103: the process that holds the model ended. Raised by train.after."""

from __future__ import annotations

from qtune.core.text import Text
from qtune.doctor.finding import Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.trn.asked import ASKED
from qtune.doctor.rules.words import prose

RULE = Rule(
    "TRN103",
    "model-process-died",
    Severity.ERROR,
    Text(
        "The process that holds the model ended",
        "载入模型的进程退出了",
    ),
    Page(
        what=prose(
            """
            `chat`, `eval` and `export` keep the model in a process of its own; it ended without saying why.
            """,
            """
            `chat`、`eval`、`export` 把模型放在单独的进程里；它没有说明原因就结束了。
            """,
        ),
        why=prose(
            """
            Nearly always the system took it because memory ran out (signal 9). Else a library crashed; its last
            lines are shown.
            """,
            """
            几乎总是内存耗尽后被系统结束（信号 9）；否则是某个库崩溃了，最后几行输出会显示出来。
            """,
        ),
        detect=ASKED,
        mend=prose(
            """
            ```bash
            free -h
            dmesg | tail
            ```

            Close other programs, set `QTUNE_DTYPE=bfloat16`, or take a machine with more memory. In 16 bits a
            model takes about two bytes a parameter.
            """,
            """
            ```bash
            free -h
            dmesg | tail
            ```

            请关闭其他程序，设置 `QTUNE_DTYPE=bfloat16`，或换内存更大的机器。16 位下模型约占每参数两字节。
            """,
        ),
        verify=prose(
            """
            ```bash
            qtune chat RUN_DIR -v
            ```

            gets past this point.
            """,
            """
            ```bash
            qtune chat RUN_DIR -v
            ```

            能越过这一步。
            """,
        ),
    ),
)
