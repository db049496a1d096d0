"""TRN109: there is no merged model to push. Raised by train.after."""

from __future__ import annotations

from qtune.core.text import Text
from qtune.doctor.finding import Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.trn.asked import ASKED
from qtune.doctor.rules.words import prose

RULE = Rule(
    "TRN109",
    "nothing-merged",
    Severity.ERROR,
    Text(
        "There is no merged model to push",
        "没有可上传的合并模型",
    ),
    Page(
        what=prose(
            """
            `qtune push RUN_DIR --merged` sends what `qtune export` wrote to `RUN_DIR/merged`, and there is no
            such folder.
            """,
            """
            `qtune push RUN_DIR --merged` 上传 `qtune export` 写到 `RUN_DIR/merged` 的内容，
            但没有这个文件夹。
            """,
        ),
        why=prose(
            """
            The export was never made, or made into another folder.
            """,
            """
            还没有导出过，或导出到了别的文件夹。
            """,
        ),
        detect=ASKED,
        mend=prose(
            """
            ```bash
            qtune export runs/sft
            qtune push runs/sft --merged --hub hf --repo me/my-model
            ```

            An export in another folder is pushed by its own name: `qtune push exports/second --hub hf --repo
            …`.
            """,
            """
            ```bash
            qtune export runs/sft
            qtune push runs/sft --merged --hub hf --repo me/my-model
            ```

            导出到其他文件夹时，直接上传那个文件夹：`qtune push exports/second --hub hf --repo …`。
            """,
        ),
        verify=prose(
            """
            ```bash
            qtune push RUN_DIR --merged --hub hf --repo OWNER/NAME
            ```

            gets past this point.
            """,
            """
            ```bash
            qtune push RUN_DIR --merged --hub hf --repo OWNER/NAME
            ```

            能越过这一步。
            """,
        ),
    ),
)
