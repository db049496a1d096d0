"""Rules about `.env` itself, in the order of their codes."""

from __future__ import annotations

from qtune.doctor.rule import Rule
from qtune.doctor.rules.env import (
    env800,
    env801,
    env802,
    env803,
    env804,
    env805,
    env806,
    env807,
    env808,
    env810,
    env811,
    env812,
)

RULES: tuple[Rule, ...] = (
    env800.RULE,
    env801.RULE,
    env802.RULE,
    env803.RULE,
    env804.RULE,
    env805.RULE,
    env806.RULE,
    env807.RULE,
    env808.RULE,
    env810.RULE,
    env811.RULE,
    env812.RULE,
)
