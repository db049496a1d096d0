"""Rules about GPUs, their driver and torch, in the order of their codes."""

from __future__ import annotations

from qtune.doctor.rule import Rule
from qtune.doctor.rules.gpu import (
    gpu500,
    gpu501,
    gpu502,
    gpu503,
    gpu504,
    gpu505,
    gpu506,
    gpu507,
    gpu508,
    gpu509,
    gpu510,
    gpu511,
    gpu513,
    gpu514,
    gpu515,
    gpu516,
)

RULES: tuple[Rule, ...] = (
    gpu500.RULE,
    gpu501.RULE,
    gpu502.RULE,
    gpu503.RULE,
    gpu504.RULE,
    gpu505.RULE,
    gpu506.RULE,
    gpu507.RULE,
    gpu508.RULE,
    gpu509.RULE,
    gpu510.RULE,
    gpu511.RULE,
    gpu513.RULE,
    gpu514.RULE,
    gpu515.RULE,
    gpu516.RULE,
)
