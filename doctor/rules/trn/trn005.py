"""TRN005: too many rows cannot be used. Raised by train."""

from __future__ import annotations

from qtune.core.text import Text
from qtune.doctor.finding import Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.trn.words import DETECT, FORMATS, VERIFY
from qtune.doctor.rules.words import joined, prose

RULE = Rule(
    "TRN005",
    "too-many-unusable-rows",
    Severity.ERROR,
    Text("Too many rows cannot be used", "不可用的数据太多"),
    Page(
        what=prose(
            """
            More than one row in a hundred (or the share that `max_unusable` sets) cannot be used: not JSON, an
            unknown format, an unknown role, no answer, an empty answer.
            """,
            """
            超过百分之一（或 `max_unusable` 设定的比例）的数据不可用：不是 JSON、格式未知、角色未知、没有回答或回
            答为空等。
            """,
        ),
        why=prose(
            """
            A few bad rows are left out and counted. So many mean that the file is not what you think it is.
            The limit of 1 % is a rule of thumb.
            """,
            """
            少量坏数据会被跳过并计数；这么多则说明文件与你以为的不一样。1% 只是经验值。
            """,
        ),
        detect=DETECT,
        mend=joined(
            prose(
                """
                The message names the first rows with file and line and counts the reasons. Mend them, or take
                them out.
                """,
                """
                提示中列出了前几条的文件和行号，并按原因计数。请修改或删掉它们。
                """,
            ),
            FORMATS,
        ),
        verify=VERIFY,
    ),
)
