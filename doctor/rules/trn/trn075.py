"""TRN075: gradient-not-finite. Raised by train."""

from __future__ import annotations

from qtune.core.text import Text
from qtune.doctor.finding import Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.trn.words import DETECT, VERIFY
from qtune.doctor.rules.words import joined, prose

RULE = Rule(
    "TRN075",
    "gradient-not-finite",
    Severity.ERROR,
    Text("The gradients are no numbers any more", "梯度变成了 NaN 或无穷大"),
    Page(
        what=prose(
            """
            The norm of the gradients became NaN or infinite while the loss still looked fine, and training
            was stopped. Step and rows are named; the last good checkpoint is kept. (With float16 some such
            steps are usual: they are skipped, and only 32 in a row stop the run.)
            """,
            """
            损失看起来还正常，但梯度的范数变成了 NaN 或无穷大，训练已停止。报错会指出是哪一步、哪些数
            据；最后一个好的检查点会保留。（float16 下偶尔出现是正常的，会跳过那一步；连续 32 步才会停
            止。）
            """,
        ),
        why=prose(
            """
            One step with such gradients makes every weight NaN. Others go on: the loss then is 0 or NaN to
            the end, and the checkpoints are worthless.
            """,
            """
            用这样的梯度走一步，所有权重都会变成 NaN。别的工具会继续训练：之后损失一直是 0 或 NaN，存
            下的检查点全部作废。
            """,
        ),
        detect=DETECT,
        mend=joined(
            prose(
                """
                Usual reasons: float16 on a base model that was made for bfloat16 (AWQ and GPTQ models above all),
                rows longer than about 3,000 tokens with it, a learning rate that is too high.

                ```
                QTUNE_DTYPE=auto
                ```

                in `.env`, then:

                ```bash
                qtune run sft.yaml training.learning_rate=2e-5 max_length=2048 output_dir=runs/steadier
                ```
                """,
                """
                常见原因：基座模型是按 bfloat16 做的却用 float16 训练（尤其是 AWQ、GPTQ 模型），同时样本超
                过约 3000 个词元；学习率太高。

                在 `.env` 里写：

                ```
                QTUNE_DTYPE=auto
                ```

                然后：

                ```bash
                qtune run sft.yaml training.learning_rate=2e-5 max_length=2048 output_dir=runs/steadier
                ```
                """,
            ),
        ),
        verify=VERIFY,
        sources=(
            "https://github.com/hiyouga/LLaMA-Factory/issues/8553",
            "https://github.com/hiyouga/LLaMA-Factory/issues/9462",
            "https://github.com/modelscope/ms-swift/issues/5606",
        ),
    ),
)
