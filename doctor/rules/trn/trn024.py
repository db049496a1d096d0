"""TRN024: the run directory cannot be written. Raised by train."""

from __future__ import annotations

from qtune.core.text import Text
from qtune.doctor.finding import Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.trn.words import DETECT, OTHER_FOLDER, VERIFY
from qtune.doctor.rules.words import joined, prose

RULE = Rule(
    "TRN024",
    "output-unwritable",
    Severity.ERROR,
    Text("The run directory cannot be written", "训练目录无法写入"),
    Page(
        what=prose(
            """
            The run directory, or a file in it, cannot be written: no permission, a read-only disk, or a file
            where the folder should be.
            """,
            """
            训练目录或其中的文件无法写入：没有权限、磁盘只读，或该是文件夹的地方是个文件。
            """,
        ),
        why=prose(
            """
            Nothing that was learnt could be kept.
            """,
            """
            学到的东西将无处保存。
            """,
        ),
        detect=DETECT,
        mend=joined(
            OTHER_FOLDER,
            prose(
                """
                Or take it over, if it belongs to root after `sudo` or a container:

                ```bash
                sudo chown -R "$USER" runs
                ```
                """,
                """
                如果是 `sudo` 或容器留下的、属于 root 的目录，可以改回自己名下：

                ```bash
                sudo chown -R "$USER" runs
                ```
                """,
            ),
        ),
        verify=VERIFY,
    ),
)
