"""Rules about memory, in the order of their codes."""

from __future__ import annotations

from qtune.doctor.rule import Rule
from qtune.doctor.rules.mem import mem950, mem951

RULES: tuple[Rule, ...] = (mem950.RULE, mem951.RULE)
