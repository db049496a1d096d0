"""Who raises the codes of what comes after training."""

from __future__ import annotations

from qtune.doctor.rules.words import prose

ASKED = prose(
    """
    `qtune chat`, `eval`, `export` and `push` raise it when they are asked; the doctor does not look for it.
    """,
    "由 `qtune chat`、`eval`、`export`、`push` 在执行时报告；doctor 不检查这一项。",
)
