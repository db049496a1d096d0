"""TRN002: a data file is not UTF-8. Raised by train."""

from __future__ import annotations

from qtune.core.text import Text
from qtune.doctor.finding import Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.trn.words import DETECT, FORMATS, VERIFY
from qtune.doctor.rules.words import joined, prose

RULE = Rule(
    "TRN002",
    "data-encoding",
    Severity.ERROR,
    Text("A data file is not UTF-8", "数据文件不是 UTF-8 编码"),
    Page(
        what=prose(
            """
            A data file, or too much of it, is not UTF-8 text. On Chinese Windows it is usually GBK, from
            Excel or an editor; UTF-16 comes from PowerShell.
            """,
            """
            数据文件不是 UTF-8 文本。在中文 Windows 上，Excel 或编辑器常保存为 GBK；PowerShell 则会产生
            UTF-16。
            """,
        ),
        why=prose(
            """
            Read in the wrong encoding, the model would learn garbage.
            """,
            """
            用错误的编码读取，模型学到的就是乱码。
            """,
        ),
        detect=DETECT,
        mend=joined(
            prose(
                """
                ```bash
                file data/train.jsonl
                iconv -f GBK -t UTF-8 data/train.jsonl > data/train-utf8.jsonl
                ```
                """,
                """
                ```bash
                file data/train.jsonl
                iconv -f GBK -t UTF-8 data/train.jsonl > data/train-utf8.jsonl
                ```

                转换后在配置中改用新文件。
                """,
            ),
            FORMATS,
        ),
        verify=VERIFY,
    ),
)
