"""Rules about the road to a host, in the order of their codes."""

from __future__ import annotations

from qtune.doctor.rule import Rule
from qtune.doctor.rules.net import net101, net102, net103, net105, net106, net110

RULES: tuple[Rule, ...] = (
    net101.RULE,
    net102.RULE,
    net103.RULE,
    net105.RULE,
    net106.RULE,
    net110.RULE,
)
