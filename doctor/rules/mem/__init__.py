"""Rules about memory, in the order of their codes."""

from __future__ import annotations

from qtune.doctor.rules.roster import Roster

RULES = Roster(
    "MEM950",
    "MEM951",
    "MEM953",
)
