"""Rules about disk and cache, in the order of their codes."""

from __future__ import annotations

from qtune.doctor.rule import Rule
from qtune.doctor.rules.dsk import dsk600, dsk601, dsk602, dsk603, dsk604, dsk605, dsk606, dsk607

RULES: tuple[Rule, ...] = (
    dsk600.RULE,
    dsk601.RULE,
    dsk602.RULE,
    dsk603.RULE,
    dsk604.RULE,
    dsk605.RULE,
    dsk606.RULE,
    dsk607.RULE,
)
