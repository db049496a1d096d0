"""TRN120: reporter-missing. Raised by train."""

from __future__ import annotations

from qtune.core.text import Text
from qtune.doctor.finding import Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.trn.words import DETECT, VERIFY
from qtune.doctor.rules.words import joined, prose

RULE = Rule(
    "TRN120",
    "reporter-missing",
    Severity.ERROR,
    Text("The program of report_to is not installed", "report_to 指定的程序没有安装"),
    Page(
        what=prose(
            """
            `training.report_to` asks for TensorBoard, W&B, SwanLab or Trackio, and its package is not in the environment
            that trains.
            """,
            """
            `training.report_to` 要求使用 TensorBoard、W&B、SwanLab 或 Trackio，但训练用的环境里没有对应的包。
            """,
        ),
        why=prose(
            """
            A run that trains for a day and then shows nothing where it was looked for is worse than one that does not begin.
            """,
            """
            与其训练一天之后才发现面板上什么都没有，不如一开始就停下。
            """,
        ),
        detect=DETECT,
        mend=joined(
            prose(
                """
                ```bash
                pip install tensorboard   # or wandb, swanlab, trackio
                ```

                Or remove the line: `metrics.jsonl` and `report.html` are written anyway, and need nothing.
                TensorBoard's files lie in the run directory: `tensorboard --logdir runs`.
                """,
                """
                ```bash
                pip install tensorboard   # 或 wandb、swanlab、trackio
                ```

                也可以删掉这一行：`metrics.jsonl` 和 `report.html` 无论如何都会写，不需要任何额外的包。
                TensorBoard 的文件在运行目录里：`tensorboard --logdir runs`。
                """,
            ),
        ),
        verify=VERIFY,
        sources=("https://huggingface.co/docs/transformers/main/en/main_classes/callback",),
    ),
)
