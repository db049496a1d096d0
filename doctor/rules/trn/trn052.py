"""TRN052: a Parquet or gzip file is damaged. Raised by train."""

from __future__ import annotations

from qtune.core.text import Text
from qtune.doctor.finding import Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.trn.words import DETECT, VERIFY
from qtune.doctor.rules.words import prose

RULE = Rule(
    "TRN052",
    "data-damaged",
    Severity.ERROR,
    Text("A Parquet or gzip file is damaged", "Parquet 或 gzip 文件已损坏"),
    Page(
        what=prose(
            """
            A file called `.parquet` or `.gz` is cut off, damaged, or something else under that name: often a page
            with an error, or a pointer of Git LFS, that was downloaded in its place.
            """,
            """
            名为 `.parquet` 或 `.gz` 的文件不完整、已损坏，或其实是别的东西：常见的是把报错网页或 Git LFS 指针当成
            数据下载了下来。
            """,
        ),
        why=prose(
            """
            Such a file is read whole or not at all: its directory stands at its end.
            """,
            """
            这类文件的目录在末尾，缺一点就整个读不了。
            """,
        ),
        detect=DETECT,
        mend=prose(
            """
            Copy or download it again, with `qtune download --repo-type dataset owner/name` where it comes from a
            hub: that checks every byte. `head -c 100 FILE` shows what it really is.
            """,
            """
            请重新复制或下载；如果来自数据集仓库，请用 `qtune download --repo-type dataset owner/name`，它会逐字节校
            验。用 `head -c 100 文件` 可以看到它到底是什么。
            """,
        ),
        verify=VERIFY,
    ),
)
