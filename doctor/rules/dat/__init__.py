"""Rules about the data to train on, in the order of their codes."""

from __future__ import annotations

from qtune.doctor.rule import Rule
from qtune.doctor.rules.dat import dat900, dat901, dat902, dat903, dat904, dat905

RULES: tuple[Rule, ...] = (
    dat900.RULE,
    dat901.RULE,
    dat902.RULE,
    dat903.RULE,
    dat904.RULE,
    dat905.RULE,
)
