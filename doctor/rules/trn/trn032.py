"""TRN032: the run directory is in use. Raised by train."""

from __future__ import annotations

from qtune.core.text import Text
from qtune.doctor.finding import Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.trn.words import DETECT, OTHER_FOLDER, VERIFY
from qtune.doctor.rules.words import joined, prose

RULE = Rule(
    "TRN032",
    "output-busy",
    Severity.ERROR,
    Text("The run directory is in use", "训练目录正在使用"),
    Page(
        what=prose(
            """
            Another process is training into the same run directory.
            """,
            """
            另一个进程正在往同一个训练目录里写。
            """,
        ),
        why=prose(
            """
            Two trainings would overwrite each other. Right after a kill, the old process may still be writing
            its last checkpoint; qtune waits half a minute for it.
            """,
            """
            两个训练会互相覆盖。刚结束进程时，旧进程可能还在写最后一个检查点；qtune 会等它半分钟。
            """,
        ),
        detect=DETECT,
        mend=joined(
            prose(
                """
                ```bash
                ps -ef | grep qtune.train
                ```

                Wait for that process, or end it.
                """,
                """
                ```bash
                ps -ef | grep qtune.train
                ```

                等那个进程结束，或手动结束它。
                """,
            ),
            OTHER_FOLDER,
        ),
        verify=VERIFY,
    ),
)
