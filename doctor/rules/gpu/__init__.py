"""Rules about GPUs, their driver and torch, in the order of their codes."""

from __future__ import annotations

from qtune.doctor.rule import Rule
from qtune.doctor.rules.gpu import gpu500, gpu501, gpu504

RULES: tuple[Rule, ...] = (gpu500.RULE, gpu501.RULE, gpu504.RULE)
