"""CFG003: the run config is not valid YAML. Raised by core.runconfig."""

from __future__ import annotations

from qtune.core.runproblems import CAUSES
from qtune.core.text import Text
from qtune.doctor.finding import Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.cfg.words import DETECT, EXAMPLE, VERIFY
from qtune.doctor.rules.words import joined, prose

RULE = Rule(
    "CFG003",
    CAUSES["CFG003"].name,
    Severity.ERROR,
    Text("The run config is not valid YAML", "训练配置不是合法的 YAML"),
    Page(
        what=prose(
            """
            The text cannot be parsed as YAML from the named line on.
            """,
            """
            从所报的那一行起，文本无法按 YAML 解析。
            """,
        ),
        why=prose(
            """
            Usual reasons: a tab instead of spaces, a line indented otherwise than its neighbours, a quote or
            bracket that stays open, a full-width colon `：` or comma `，` from a Chinese keyboard, no space
            after the colon.
            """,
            """
            常见原因：用了制表符而不是空格、缩进与相邻行不一致、引号或括号没有闭合、中文输入法打出的全角冒号
            `：` 或逗号 `，`、冒号后没有空格。
            """,
        ),
        detect=DETECT,
        mend=joined(
            prose(
                """
                Look at the named line and at the one above it. Indent with spaces, write `key: value` with a
                space after the colon, and put text with `: ` or `#` in it between quotes.
                """,
                """
                检查所报的行及其上一行。用空格缩进；写成 `key: value`，冒号后留一个空格；文字里含有 `: ` 或
                `#` 时加上引号。
                """,
            ),
            EXAMPLE,
        ),
        verify=VERIFY,
        sources=("https://yaml.org/spec/1.2.2/",),
    ),
)
