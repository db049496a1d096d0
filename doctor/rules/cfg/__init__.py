"""Rules about run configs and how commands are called, in the order of their codes."""

from __future__ import annotations

from qtune.doctor.rule import Rule
from qtune.doctor.rules.cfg import (
    cfg001,
    cfg002,
    cfg003,
    cfg004,
    cfg005,
    cfg006,
    cfg007,
    cfg008,
    cfg009,
    cfg010,
    cfg011,
    cfg012,
    cfg013,
    cfg014,
    cfg015,
    cfg090,
    cfg091,
    cfg092,
    cfg093,
    cfg094,
    cfg095,
)

RULES: tuple[Rule, ...] = (
    cfg001.RULE,
    cfg002.RULE,
    cfg003.RULE,
    cfg004.RULE,
    cfg005.RULE,
    cfg006.RULE,
    cfg007.RULE,
    cfg008.RULE,
    cfg009.RULE,
    cfg010.RULE,
    cfg011.RULE,
    cfg012.RULE,
    cfg013.RULE,
    cfg014.RULE,
    cfg015.RULE,
    cfg090.RULE,
    cfg091.RULE,
    cfg092.RULE,
    cfg093.RULE,
    cfg094.RULE,
    cfg095.RULE,
)
