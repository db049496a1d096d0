"""Rules about tokens, in the order of their codes."""

from __future__ import annotations

from qtune.doctor.rule import Rule
from qtune.doctor.rules.tok import tok300, tok301, tok302, tok303, tok304, tok306, tok312

RULES: tuple[Rule, ...] = (
    tok300.RULE,
    tok301.RULE,
    tok302.RULE,
    tok303.RULE,
    tok304.RULE,
    tok306.RULE,
    tok312.RULE,
)
