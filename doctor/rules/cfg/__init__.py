"""Rules about run configs and how commands are called, in the order of their codes."""

from __future__ import annotations

from qtune.doctor.rules.roster import Roster

RULES = Roster(
    "CFG001",
    "CFG002",
    "CFG003",
    "CFG004",
    "CFG005",
    "CFG006",
    "CFG007",
    "CFG008",
    "CFG009",
    "CFG010",
    "CFG011",
    "CFG012",
    "CFG013",
    "CFG014",
    "CFG015",
    "CFG090",
    "CFG091",
    "CFG092",
    "CFG093",
    "CFG094",
    "CFG095",
)
