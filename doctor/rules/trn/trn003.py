"""TRN003: there is no data to train on. Raised by train."""

from __future__ import annotations

from qtune.core.text import Text
from qtune.doctor.finding import Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.trn.words import DETECT, FORMATS, VERIFY
from qtune.doctor.rules.words import joined, prose

RULE = Rule(
    "TRN003",
    "data-empty",
    Severity.ERROR,
    Text("There is no data to train on", "没有可训练的数据"),
    Page(
        what=prose(
            """
            The data files hold not one row.
            """,
            """
            数据文件里一条数据也没有。
            """,
        ),
        why=prose(
            """
            A training of nothing would end with an adapter that does nothing.
            """,
            """
            没有数据的训练只会得到一个毫无作用的适配器。
            """,
        ),
        detect=DETECT,
        mend=joined(
            FORMATS,
        ),
        verify=VERIFY,
    ),
)
