"""Rules about installed packages, in the order of their codes."""

from __future__ import annotations

from qtune.doctor.rule import Rule
from qtune.doctor.rules.pkg import pkg700, pkg701, pkg702, pkg703, pkg704, pkg705, pkg706

RULES: tuple[Rule, ...] = (
    pkg700.RULE,
    pkg701.RULE,
    pkg702.RULE,
    pkg703.RULE,
    pkg704.RULE,
    pkg705.RULE,
    pkg706.RULE,
)
