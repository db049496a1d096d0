"""CFG090: there is no such code. Raised by commands.explain."""

from __future__ import annotations

from qtune.core.text import Text
from qtune.doctor.finding import Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.words import prose

RULE = Rule(
    "CFG090",
    "no-such-code",
    Severity.ERROR,
    Text("There is no such code", "没有这个代码"),
    Page(
        what=prose(
            """
            `qtune explain` was asked for a code or name that no rule has.
            """,
            """
            `qtune explain` 查询的代码或名称不存在。
            """,
        ),
        why=prose(
            """
            Codes are never reused, so one from an older report is still explained; this one was never given
            out, or is misspelt.
            """,
            """
            代码从不重复使用，旧报告里的代码也都能查到；这个代码从未存在，或拼写有误。
            """,
        ),
        detect=prose(
            """
            The code is looked up in the list of rules; near ones are shown.
            """,
            """
            在规则列表中查找该代码，并列出相近的代码。
            """,
        ),
        mend=prose(
            """
            ```bash
            qtune explain TOK
            qtune doctor --list
            ```

            The first lists one prefix, the second every code.
            """,
            """
            ```bash
            qtune explain TOK
            qtune doctor --list
            ```

            前者列出某一类，后者列出全部代码。
            """,
        ),
        verify=prose(
            """
            Run the command again: it goes on past this point.
            """,
            """
            重新运行命令，应当不再停在这里。
            """,
        ),
    ),
)
