"""TRN111: a file of the weights is not whole. Raised by train.after."""

from __future__ import annotations

from qtune.core.text import Text
from qtune.doctor.finding import Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.trn.asked import ASKED
from qtune.doctor.rules.words import prose

RULE = Rule(
    "TRN111",
    "weights-damaged",
    Severity.ERROR,
    Text(
        "A file of the weights is not whole",
        "权重文件不完整",
    ),
    Page(
        what=prose(
            """
            A `.safetensors` file is shorter or longer than its own header says, or has no header that can be
            read. Libraries say `HeaderTooLarge` or `MetadataIncompleteBuffer` of it.
            """,
            """
            某个 `.safetensors` 文件的长度与文件头记录的大小不符，或者它的文件头根本就无法读取。
            各个库会报 `HeaderTooLarge` 或 `MetadataIncompleteBuffer`。
            """,
        ),
        why=prose(
            """
            A copy was cut off, or a disk was full; qtune's own saves appear whole or not at all.
            """,
            """
            复制中断，或磁盘满了；qtune 自己的保存要么完整出现，要么不出现。
            """,
        ),
        detect=ASKED,
        mend=prose(
            """
            ```bash
            ls -l runs/sft
            qtune run sft.yaml
            ```

            Copy the file again from where it is whole, or write it anew.
            """,
            """
            ```bash
            ls -l runs/sft
            qtune run sft.yaml
            ```

            请从完整的来源重新复制该文件，或重新生成。
            """,
        ),
        verify=prose(
            """
            ```bash
            qtune chat RUN_DIR
            ```

            gets past this point.
            """,
            """
            ```bash
            qtune chat RUN_DIR
            ```

            能越过这一步。
            """,
        ),
    ),
)
