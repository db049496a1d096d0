"""TRN106: the folder to export to is not empty. Raised by train.after."""

from __future__ import annotations

from qtune.core.text import Text
from qtune.doctor.finding import Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.trn.asked import ASKED
from qtune.doctor.rules.words import prose

RULE = Rule(
    "TRN106",
    "export-in-the-way",
    Severity.ERROR,
    Text(
        "The folder to export to is not empty",
        "导出的目标文件夹不是空的",
    ),
    Page(
        what=prose(
            """
            `qtune export` writes a new folder and never into one that holds something.
            """,
            """
            `qtune export` 只写入新文件夹，不会写进已有内容的文件夹。
            """,
        ),
        why=prose(
            """
            Files of two models in one folder load as neither. Often it is an earlier export, which may still be
            served by a program.
            """,
            """
            两个模型的文件混在一起就都无法加载。常见情况是里面有之前的导出，而且可能正被别的程序使用。
            """,
        ),
        detect=ASKED,
        mend=prose(
            """
            ```bash
            qtune export runs/sft exports/second
            rm -r runs/sft/merged && qtune export runs/sft
            ```

            Either line will do; the second removes the earlier export.
            """,
            """
            ```bash
            qtune export runs/sft exports/second
            rm -r runs/sft/merged && qtune export runs/sft
            ```

            两行任选其一；第二行会删除之前的导出。
            """,
        ),
        verify=prose(
            """
            ```bash
            qtune export RUN_DIR OUT
            ```

            gets past this point.
            """,
            """
            ```bash
            qtune export RUN_DIR OUT
            ```

            能越过这一步。
            """,
        ),
    ),
)
