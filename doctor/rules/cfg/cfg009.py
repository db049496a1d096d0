"""CFG009: a data file does not exist. Raised by core.runconfig."""

from __future__ import annotations

from qtune.core.runproblems import CAUSES
from qtune.core.text import Text
from qtune.doctor.finding import Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.cfg.words import DETECT, PATHS, VERIFY
from qtune.doctor.rules.words import joined, prose

RULE = Rule(
    "CFG009",
    CAUSES["CFG009"].name,
    Severity.ERROR,
    Text("A data file does not exist", "数据文件不存在"),
    Page(
        what=prose(
            """
            A file named under `data:` is not there.
            """,
            """
            `data:` 里写的文件不存在。
            """,
        ),
        why=prose(
            """
            There would be nothing to train on, and it is better to know before the model is downloaded.
            """,
            """
            没有数据就无法训练，最好在下载模型之前就知道。
            """,
        ),
        detect=DETECT,
        mend=joined(
            PATHS,
            prose(
                """
                ```yaml
                data: data/train.jsonl
                ```

                or several files:

                ```yaml
                data: [data/a.jsonl, data/b.jsonl]
                ```

                Names of datasets on a hub cannot be used in this version: download the file first.
                """,
                """
                ```yaml
                data: data/train.jsonl
                ```

                或多个文件：

                ```yaml
                data: [data/a.jsonl, data/b.jsonl]
                ```

                当前版本还不能直接写平台上的数据集名称：请先把文件下载下来。
                """,
            ),
        ),
        verify=VERIFY,
    ),
)
