"""DAT907: the data is a Parquet file, and pyarrow is not there to read it."""

from __future__ import annotations

from collections.abc import Iterable

from qtune.core.text import Text
from qtune.doctor.facts import Facts
from qtune.doctor.finding import Finding, Severity, Span
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.advice import manual
from qtune.doctor.rules.dat.unusable import files
from qtune.doctor.rules.dat.words import DETECT
from qtune.doctor.rules.gpu.wish import TRAINING
from qtune.doctor.rules.words import prose


def _judge(facts: Facts) -> Iterable[Finding]:
    for file in files(facts):
        if file.problem == "no-pyarrow":
            yield Finding(
                "DAT907",
                Severity.ERROR,
                Text(
                    f"{file.path}: a Parquet file, and pyarrow cannot be imported",
                    f"{file.path}：这是 Parquet 文件，而 pyarrow 无法导入",
                ),
                (file.detail,) if file.detail is not None else (),
                span=Span(file.path, 1, 1, 1, 1),
                fix=manual(
                    "Install it, or convert the file to JSONL",
                    "请安装 pyarrow，或把文件转换成 JSONL",
                    command='pip install "qtune[train]"',
                ),
            )


RULE = Rule(
    "DAT907",
    "parquet-without-pyarrow",
    Severity.ERROR,
    Text("Parquet, and no pyarrow to read it", "缺少读取 Parquet 的 pyarrow"),
    Page(
        what=prose(
            """
            A data file of the run is in Parquet's format, and the package `pyarrow`, which reads it, is not
            installed in the Python that runs qtune, or cannot be imported.
            """,
            """
            训练要用的数据是 Parquet 格式，而运行 qtune 的 Python 里没有安装 `pyarrow`，或它无法导入。
            """,
        ),
        why=prose(
            "Without it not one row can be read; all other formats need nothing besides Python.",
            "没有它一条数据也读不出来；其他格式都不需要额外的包。",
        ),
        detect=DETECT,
        mend=prose(
            """
            ```bash
            pip install "qtune[train]"
            ```

            brings it along with all that training needs; `pip install pyarrow` brings it alone.
            """,
            """
            ```bash
            pip install "qtune[train]"
            ```

            会连同训练所需的包一起安装；只装它用 `pip install pyarrow`。
            """,
        ),
        verify=prose(
            """
            ```bash
            qtune data data/train.parquet
            ```
            """,
            """
            重新检查：

            ```bash
            qtune data data/train.parquet
            ```
            """,
        ),
        sources=("https://arrow.apache.org/docs/python/install.html",),
    ),
    needs=("dataset",),
    goals=TRAINING,
    judge=_judge,
)
