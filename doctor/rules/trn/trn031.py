"""TRN031: the run directory holds a foreign model. Raised by train."""

from __future__ import annotations

from qtune.core.text import Text
from qtune.doctor.finding import Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.trn.words import DETECT, OTHER_FOLDER, VERIFY
from qtune.doctor.rules.words import joined, prose

RULE = Rule(
    "TRN031",
    "output-not-ours",
    Severity.ERROR,
    Text("The run directory holds a foreign model", "训练目录里有别的模型"),
    Page(
        what=prose(
            """
            The run directory holds an adapter or a model that was not written by `qtune run`.
            """,
            """
            训练目录里有不是 `qtune run` 写入的适配器或模型。
            """,
        ),
        why=prose(
            """
            It would be overwritten, and it may be the only copy.
            """,
            """
            继续会把它覆盖，而那可能是唯一的一份。
            """,
        ),
        detect=DETECT,
        mend=joined(
            OTHER_FOLDER,
        ),
        verify=VERIFY,
    ),
)
