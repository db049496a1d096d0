"""Rules about the road to a host, in the order of their codes."""

from __future__ import annotations

from qtune.doctor.rule import Rule
from qtune.doctor.rules.net import (
    net100,
    net101,
    net102,
    net103,
    net104,
    net105,
    net106,
    net107,
    net108,
    net109,
    net110,
    net111,
    net113,
)

RULES: tuple[Rule, ...] = (
    net100.RULE,
    net101.RULE,
    net102.RULE,
    net103.RULE,
    net104.RULE,
    net105.RULE,
    net106.RULE,
    net107.RULE,
    net108.RULE,
    net109.RULE,
    net110.RULE,
    net111.RULE,
    net113.RULE,
)
