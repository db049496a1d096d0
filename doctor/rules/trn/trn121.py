"""TRN121: reporter-refused. Raised by train."""

from __future__ import annotations

from qtune.core.text import Text
from qtune.doctor.finding import Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.trn.words import DETECT, VERIFY
from qtune.doctor.rules.words import joined, prose

RULE = Rule(
    "TRN121",
    "reporter-refused",
    Severity.ERROR,
    Text("The program of report_to did not begin", "report_to 指定的程序没有启动"),
    Page(
        what=prose(
            """
            W&B, SwanLab or Trackio raised an error when the run was to be announced to it: mostly no API key, or no way
            to its server.
            """,
            """
            向 W&B、SwanLab 或 Trackio 登记这次训练时出错：多半是没有 API key，或者连不上它的服务器。
            """,
        ),
        why=prose(
            """
            The training process has no terminal in which these programs could ask for a key.
            """,
            """
            训练进程没有终端，这些程序无法在那里询问 key。
            """,
        ),
        detect=DETECT,
        mend=joined(
            prose(
                """
                Log in once on this machine (`wandb login`, `swanlab login`), or keep the numbers here:

                ```bash
                export WANDB_MODE=offline     # SwanLab: SWANLAB_MODE=local
                ```

                Or remove `report_to`; `report.html` has the same curves.
                """,
                """
                在这台机器上登录一次（`wandb login`、`swanlab login`），或者只记录在本机：

                ```bash
                export WANDB_MODE=offline     # SwanLab：SWANLAB_MODE=local
                ```

                也可以删掉 `report_to`；`report.html` 里有同样的曲线。
                """,
            ),
        ),
        verify=VERIFY,
        sources=("https://docs.wandb.ai/guides/track/environment-variables",),
    ),
)
