"""TRN108: the merged model does not fit on the disk. Raised by train.after."""

from __future__ import annotations

from qtune.core.text import Text
from qtune.doctor.finding import Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.trn.asked import ASKED
from qtune.doctor.rules.words import prose

RULE = Rule(
    "TRN108",
    "export-no-room",
    Severity.ERROR,
    Text(
        "The merged model does not fit on the disk",
        "磁盘放不下合并后的模型",
    ),
    Page(
        what=prose(
            """
            Before anything is written, the size of the merged model is compared with what is free where it
            shall lie.
            """,
            """
            写入之前，会先比较合并后模型的大小与目标磁盘的可用空间。
            """,
        ),
        why=prose(
            """
            A merged model is as large as its base: about two bytes a parameter in bfloat16, four in float32.
            """,
            """
            合并后的模型与基座一样大：bfloat16 约每参数两字节，float32 为四字节。
            """,
        ),
        detect=ASKED,
        mend=prose(
            """
            ```bash
            df -h .
            qtune cache list
            qtune export runs/sft /other/disk/merged
            ```

            `qtune cache` shows and frees what was downloaded before.
            """,
            """
            ```bash
            df -h .
            qtune cache list
            qtune export runs/sft /other/disk/merged
            ```

            `qtune cache` 可以查看和清理之前下载的内容。
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
