"""TRN101: the adapter's base model cannot be found. Raised by train.after."""

from __future__ import annotations

from qtune.core.text import Text
from qtune.doctor.finding import Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.trn.asked import ASKED
from qtune.doctor.rules.words import prose

RULE = Rule(
    "TRN101",
    "base-missing",
    Severity.ERROR,
    Text(
        "The adapter's base model cannot be found",
        "找不到适配器的基座模型",
    ),
    Page(
        what=prose(
            """
            An adapter holds only what was learnt; the model below it is named in `adapter_config.json`. That
            name is missing, or is a folder that is not there any more.
            """,
            """
            适配器只保存学到的部分，基座模型的名字写在 `adapter_config.json` 里。
            这个名字缺失，或所指的文件夹已经不存在。
            """,
        ),
        why=prose(
            """
            The adapter was trained on a local folder which was moved, or it comes from another machine.
            """,
            """
            适配器是在本机的某个文件夹上训练的，而该文件夹已被移动；或者适配器来自另一台机器。
            """,
        ),
        detect=ASKED,
        mend=prose(
            """
            ```bash
            qtune chat runs/sft --base Qwen/Qwen3-4B
            ```

            `--base` takes a model's name or a folder, for `chat`, `eval` and `export` alike.
            """,
            """
            ```bash
            qtune chat runs/sft --base Qwen/Qwen3-4B
            ```

            `chat`、`eval`、`export` 都支持 `--base`，可以是模型名或文件夹。
            """,
        ),
        verify=prose(
            """
            ```bash
            qtune chat RUN_DIR --base MODEL
            ```

            gets past this point.
            """,
            """
            ```bash
            qtune chat RUN_DIR --base MODEL
            ```

            能越过这一步。
            """,
        ),
    ),
)
