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
            A file named under `data:` or `eval_data:` is not there, or a folder named there holds no data file.
            """,
            """
            `data:` 或 `eval_data:` 里写的文件不存在，或者写的文件夹里没有数据文件。
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

                or several files, a folder, a dataset repository, each with its weight:

                ```yaml
                data:
                  - data/a.jsonl
                  - {path: data/more, weight: 2}
                  - {repo: tatsu-lab/alpaca, split: train}
                ```

                A bare `owner/name` is a repository too, unless there is a folder `owner` here: then `repo:` says
                so.
                """,
                """
                ```yaml
                data: data/train.jsonl
                ```

                或多个文件、文件夹、数据集仓库，各有自己的权重：

                ```yaml
                data:
                  - data/a.jsonl
                  - {path: data/more, weight: 2}
                  - {repo: tatsu-lab/alpaca, split: train}
                ```

                只写 `owner/name` 也表示仓库；但如果本地有名为 `owner` 的文件夹，请用 `repo:` 写明。
                """,
            ),
        ),
        verify=VERIFY,
    ),
)
