"""TRN053: a Parquet file, and no pyarrow to read it. Raised by train."""

from __future__ import annotations

from qtune.core.text import Text
from qtune.doctor.finding import Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.trn.words import DETECT, VERIFY
from qtune.doctor.rules.words import prose

RULE = Rule(
    "TRN053",
    "pyarrow-missing",
    Severity.ERROR,
    Text("pyarrow is missing", "缺少 pyarrow"),
    Page(
        what=prose(
            """
            The data is a Parquet file, which the package `pyarrow` reads, and that is not installed or broken.
            """,
            """
            数据是 Parquet 文件，需要 `pyarrow` 来读取，而它没有安装或已损坏。
            """,
        ),
        why=prose(
            """
            Parquet is a packed format of columns; without its library there is nothing to see in it.
            """,
            """
            Parquet 是压缩的列式格式，没有对应的库就看不到里面的内容。
            """,
        ),
        detect=DETECT,
        mend=prose(
            """
            ```bash
            pip install "qtune[train]"
            ```

            brings it; or convert the file to JSONL where pyarrow is.
            """,
            """
            ```bash
            pip install "qtune[train]"
            ```

            会一并安装；也可以在有 pyarrow 的机器上把文件转成 JSONL。
            """,
        ),
        verify=VERIFY,
    ),
)
