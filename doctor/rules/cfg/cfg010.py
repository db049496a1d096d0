"""CFG010: two values contradict each other. Raised by core.runconfig."""

from __future__ import annotations

from qtune.core.runproblems import CAUSES
from qtune.core.text import Text
from qtune.doctor.finding import Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.cfg.words import DETECT, VERIFY
from qtune.doctor.rules.words import prose

RULE = Rule(
    "CFG010",
    CAUSES["CFG010"].name,
    Severity.ERROR,
    Text("Two values contradict each other", "两个值互相矛盾"),
    Page(
        what=prose(
            """
            Two values of the run config exclude each other; the message names both.
            """,
            """
            训练配置里有两个值互相排斥；提示中会指出是哪两个。
            """,
        ),
        why=prose(
            """
            One of them would be ignored, and you could not tell which.
            """,
            """
            其中一个会被忽略，而你无从知道是哪一个。
            """,
        ),
        detect=DETECT,
        mend=prose(
            """
            Keep the one you mean, and remove the other.
            """,
            """
            保留你想要的那个，删除另一个。
            """,
        ),
        verify=VERIFY,
    ),
)
