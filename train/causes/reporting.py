"""Why a run cannot be shown where `training.report_to` wants it."""

from __future__ import annotations

from qtune.core.text import Text
from qtune.train.causes.cause import Cause

CAUSES = {
    "TRN120": Cause(
        "reporter-missing",
        Text(
            "training.report_to names a program that is not installed.",
            "training.report_to 里写的程序没有安装。",
        ),
        Text("Install it, or remove the line.", "请安装它，或删掉这一行。"),
    ),
    "TRN121": Cause(
        "reporter-refused",
        Text(
            "The program that training.report_to names refused to begin.",
            "training.report_to 指定的程序拒绝启动。",
        ),
        Text(
            "Log in to it, set its offline mode (WANDB_MODE=offline, SWANLAB_MODE=local), or remove the line.",
            "请登录该程序，或使用它的离线模式（WANDB_MODE=offline、SWANLAB_MODE=local），或删掉这一行。",
        ),
    ),
}
