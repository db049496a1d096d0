"""Rules about downloading, in the order of their codes."""

from __future__ import annotations

from qtune.doctor.rules.roster import Roster

RULES = Roster(
    "DWN001",
    "DWN002",
    "DWN003",
    "DWN004",
    "DWN005",
    "DWN006",
    "DWN007",
    "DWN008",
    "DWN009",
    "DWN010",
    "DWN011",
    "DWN012",
)
