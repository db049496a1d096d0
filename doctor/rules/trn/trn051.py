"""TRN051: a CSV or TSV file is no table. Raised by train."""

from __future__ import annotations

from qtune.core.text import Text
from qtune.doctor.finding import Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.trn.words import DETECT, VERIFY
from qtune.doctor.rules.words import prose

RULE = Rule(
    "TRN051",
    "data-not-table",
    Severity.ERROR,
    Text("A CSV or TSV file is no table", "CSV 或 TSV 文件不是表格"),
    Page(
        what=prose(
            """
            The file ends in `.csv` or `.tsv`, and cannot be read as a table: two columns have the same name, a
            quote is never closed, or a line is longer than 16 MiB.
            """,
            """
            文件扩展名是 `.csv` 或 `.tsv`，但无法按表格读取：两列同名、引号没有闭合，或某一行超过 16 MiB。
            """,
        ),
        why=prose(
            """
            From the first broken quote on, nobody knows where a row ends.
            """,
            """
            从第一个错误的引号开始，就无法确定每一行在哪里结束。
            """,
        ),
        detect=DETECT,
        mend=prose(
            """
            The message names the line. Save the table again from the program that made it, as CSV in UTF-8; a
            text with commas, quotes or line ends has to stand in quotes. Or convert it:

            ```bash
            python -c "import pandas as p; p.read_csv('a.csv').to_json('a.jsonl', orient='records', lines=True)"
            ```
            """,
            """
            提示中有行号。请用原来的软件重新另存为 UTF-8 编码的 CSV；含逗号、引号或换行的文本要加引号。也可以转换：

            ```bash
            python -c "import pandas as p; p.read_csv('a.csv').to_json('a.jsonl', orient='records', lines=True)"
            ```
            """,
        ),
        verify=VERIFY,
    ),
)
