"""CFG013: a needed key is missing. Raised by core.runconfig."""

from __future__ import annotations

from qtune.core.runproblems import CAUSES
from qtune.core.text import Text
from qtune.doctor.finding import Severity
from qtune.doctor.rule import Page, Rule
from qtune.doctor.rules.cfg.words import DETECT, EXAMPLE, STARTER, VERIFY
from qtune.doctor.rules.words import joined, prose

RULE = Rule(
    "CFG013",
    CAUSES["CFG013"].name,
    Severity.ERROR,
    Text("A needed key is missing", "缺少必需的键"),
    Page(
        what=prose(
            """
            Every run needs `data`; an entry of a `data` list needs `path`.
            """,
            """
            每次训练都必须有 `data`；`data` 列表里的每一项都必须有 `path`。
            """,
        ),
        why=prose(
            """
            Everything else has a default: the model comes from `DEFAULT_MODEL`, the output goes to
            `QTUNE_OUTPUT_DIR`.
            """,
            """
            其他键都有默认值：模型取自 `DEFAULT_MODEL`，输出写到 `QTUNE_OUTPUT_DIR`。
            """,
        ),
        detect=DETECT,
        mend=joined(
            EXAMPLE,
            STARTER,
        ),
        verify=VERIFY,
    ),
)
