"""Rules about downloading, in the order of their codes."""

from __future__ import annotations

from qtune.doctor.rule import Rule
from qtune.doctor.rules.dwn import (
    dwn001,
    dwn002,
    dwn003,
    dwn004,
    dwn005,
    dwn006,
    dwn007,
    dwn008,
    dwn009,
    dwn010,
    dwn011,
)

RULES: tuple[Rule, ...] = (
    dwn001.RULE,
    dwn002.RULE,
    dwn003.RULE,
    dwn004.RULE,
    dwn005.RULE,
    dwn006.RULE,
    dwn007.RULE,
    dwn008.RULE,
    dwn009.RULE,
    dwn010.RULE,
    dwn011.RULE,
)
