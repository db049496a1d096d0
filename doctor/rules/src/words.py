"""Places in source as spans, and what several pages about source say in the same words."""

from __future__ import annotations

from qtune.doctor.facts import SourceCode, Spot
from qtune.doctor.finding import Edit, Span
from qtune.doctor.rules.words import prose


def span(source: SourceCode, spot: Spot) -> Span:
    return Span(source.path, spot.line, spot.column, spot.end_line, spot.end_column)


def edit(source: SourceCode, spot: Spot, text: str) -> Edit:
    return Edit(span(source, spot), text)


def replaced(source: SourceCode, literal: Spot, text: str) -> Edit:
    """Another text in a literal's place, written with plain quotes."""
    return edit(source, literal, f'"{text}"')


READ_ONLY = prose(
    """
    The file is read as text by Python's own parser (`ast`); nothing in it is run, nothing is imported. A name
    counts only where its one value is certain: what depends on a condition, a parameter or another file is
    passed over in silence.
    """,
    """
    文件只以文本形式交给 Python 自带的解析器（`ast`）读取，不运行、不导入其中任何内容。
    只有取值唯一且确定的名称才会被采用；取决于条件、参数或其他文件的内容一律不作判断。
    """,
)

IGNORE = prose(
    "Where it is meant so, say why: `# qtune: ignore[CODE] reason` at the end of the line.",
    "如果确实有意如此，请在行尾写明原因：`# qtune: ignore[CODE] 原因`。",
)

NOTHING_LEFT = prose(
    """
    Nothing should be reported any more:

    ```bash
    qtune check download.py
    ```
    """,
    """
    应不再报告：

    ```bash
    qtune check download.py
    ```
    """,
)
