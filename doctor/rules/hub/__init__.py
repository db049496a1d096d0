"""Rules about hubs and mirrors, in the order of their codes."""

from __future__ import annotations

from qtune.doctor.rule import Rule
from qtune.doctor.rules.hub import (
    hub200,
    hub201,
    hub202,
    hub203,
    hub204,
    hub205,
    hub206,
    hub207,
    hub208,
    hub209,
    hub210,
    hub211,
    hub220,
    hub221,
    hub223,
    hub224,
    hub225,
)

RULES: tuple[Rule, ...] = (
    hub200.RULE,
    hub201.RULE,
    hub202.RULE,
    hub203.RULE,
    hub204.RULE,
    hub205.RULE,
    hub206.RULE,
    hub207.RULE,
    hub208.RULE,
    hub209.RULE,
    hub210.RULE,
    hub211.RULE,
    hub220.RULE,
    hub221.RULE,
    hub223.RULE,
    hub224.RULE,
    hub225.RULE,
)
