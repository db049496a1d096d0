"""Rules about disk and cache, in the order of their codes."""

from __future__ import annotations

from qtune.doctor.rule import Rule
from qtune.doctor.rules.dsk import dsk600

RULES: tuple[Rule, ...] = (dsk600.RULE,)
