"""TRN042: the training process died without a word. Raised by train."""

from __future__ import annotations

from qtune.core.text import Text
from qtune.doctor.finding import Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.trn.words import AGAIN, DETECT, VERIFY
from qtune.doctor.rules.words import joined, prose

RULE = Rule(
    "TRN042",
    "child-died",
    Severity.ERROR,
    Text("The training process died without a word", "训练进程没有说明就退出了"),
    Page(
        what=prose(
            """
            The training process ended without an error of its own; its last lines of output are shown.
            """,
            """
            训练进程没有给出错误就结束了；提示中附上了它最后几行输出。
            """,
        ),
        why=prose(
            """
            Usually a crash in a library below Python: a GPU driver, a broken torch, a full `/dev/shm` in a
            container.
            """,
            """
            多半是 Python 底层的库崩溃：显卡驱动、损坏的 torch，或容器里的 `/dev/shm` 太小。
            """,
        ),
        detect=DETECT,
        mend=joined(
            prose(
                """
                Read the last lines. Then see whether it is the model or the machine:
                """,
                """
                先看最后几行，再判断是模型的问题还是机器的问题：
                """,
            ),
            prose(
                """
                ```bash
                qtune run quickstart
                ```

                trains a tiny model without network. If that works, run your own with fewer things at once
                (`max_length=512`); if not, `qtune doctor` looks at GPU, driver and torch.
                """,
                """
                ```bash
                qtune run quickstart
                ```

                会在不联网的情况下训练一个迷你模型。如果成功，就把你自己的训练缩小再试（`max_length=512`）；如
                果失败，用 `qtune doctor` 检查 GPU、驱动和 torch。
                """,
            ),
            AGAIN,
        ),
        verify=VERIFY,
    ),
)
