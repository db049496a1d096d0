"""TRN023: the disk is full. Raised by train."""

from __future__ import annotations

from qtune.core.text import Text
from qtune.doctor.finding import Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.trn.words import AGAIN, DETECT, VERIFY
from qtune.doctor.rules.words import joined, prose

RULE = Rule(
    "TRN023",
    "disk-full",
    Severity.ERROR,
    Text("The disk is full", "磁盘已满"),
    Page(
        what=prose(
            """
            The disk of the run directory has no room for a checkpoint.
            """,
            """
            训练目录所在的磁盘放不下检查点了。
            """,
        ),
        why=prose(
            """
            Checkpoints written before are whole; the torn one is not used.
            """,
            """
            之前写好的检查点是完整的；写到一半的不会被使用。
            """,
        ),
        detect=DETECT,
        mend=joined(
            prose(
                """
                ```bash
                df -h .
                du -sh runs/*
                ```

                Free some space; `training: {save_total_limit: 1}` keeps fewer checkpoints.
                """,
                """
                ```bash
                df -h .
                du -sh runs/*
                ```

                清理空间；`training: {save_total_limit: 1}` 可以少保留检查点。
                """,
            ),
            AGAIN,
        ),
        verify=VERIFY,
    ),
)
