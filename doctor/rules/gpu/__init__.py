"""Rules about GPUs, their driver and torch, in the order of their codes."""

from __future__ import annotations

from qtune.doctor.rules.roster import Roster

RULES = Roster(
    "GPU500",
    "GPU501",
    "GPU502",
    "GPU503",
    "GPU504",
    "GPU505",
    "GPU506",
    "GPU507",
    "GPU508",
    "GPU509",
    "GPU510",
    "GPU511",
    "GPU513",
    "GPU514",
    "GPU515",
    "GPU516",
)
