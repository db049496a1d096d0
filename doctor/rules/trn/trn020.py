"""TRN020: the loss is no number any more. Raised by train."""

from __future__ import annotations

from qtune.core.text import Text
from qtune.doctor.finding import Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.trn.words import DETECT, VERIFY
from qtune.doctor.rules.words import joined, prose

RULE = Rule(
    "TRN020",
    "loss-not-finite",
    Severity.ERROR,
    Text("The loss is no number any more", "损失变成了 NaN 或无穷大"),
    Page(
        what=prose(
            """
            The loss became NaN or infinite, and training was stopped. The error names the step, file and line of
            each row of its batch, the last good checkpoint, which is kept, and a command to try next.
            """,
            """
            损失变成了 NaN 或无穷大，训练已停止。报错会指出是哪一步、该批次每条数据的文件和行号、最后一个好的检查点
            （会保留），以及接下来可以试的命令。
            """,
        ),
        why=prose(
            """
            From then on every weight is NaN too: going on only costs electricity.
            """,
            """
            从这一步起权重也会变成 NaN，继续训练只是浪费电。
            """,
        ),
        detect=DETECT,
        mend=joined(
            prose(
                """
                Usual reasons, most frequent first: a learning rate that is too high, float16 where bfloat16
                is possible, rows that are broken.

                ```bash
                qtune run sft.yaml training.learning_rate=2e-5 output_dir=runs/lower-rate
                ```

                And in `.env`: `QTUNE_DTYPE=auto` (bfloat16 where the GPU computes in it).
                """,
                """
                常见原因，按频率排列：学习率太高、能用 bfloat16 却用了 float16、数据有问题。

                ```bash
                qtune run sft.yaml training.learning_rate=2e-5 output_dir=runs/lower-rate
                ```

                并在 `.env` 中使用 `QTUNE_DTYPE=auto`（GPU 支持时用 bfloat16）。
                """,
            ),
        ),
        verify=VERIFY,
        sources=(
            "https://github.com/hiyouga/LlamaFactory/issues/8553",
            "https://github.com/modelscope/ms-swift/issues/5606",
        ),
    ),
)
