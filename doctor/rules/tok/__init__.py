"""Rules about tokens, in the order of their codes."""

from __future__ import annotations

from qtune.doctor.rule import Rule
from qtune.doctor.rules.tok import (
    tok300,
    tok301,
    tok302,
    tok303,
    tok304,
    tok305,
    tok306,
    tok307,
    tok308,
    tok309,
    tok310,
    tok311,
    tok312,
)

RULES: tuple[Rule, ...] = (
    tok300.RULE,
    tok301.RULE,
    tok302.RULE,
    tok303.RULE,
    tok304.RULE,
    tok305.RULE,
    tok306.RULE,
    tok307.RULE,
    tok308.RULE,
    tok309.RULE,
    tok310.RULE,
    tok311.RULE,
    tok312.RULE,
)
