"""Rules about the road to a host, in the order of their codes."""

from __future__ import annotations

from qtune.doctor.rules.roster import Roster

RULES = Roster(
    "NET100",
    "NET101",
    "NET102",
    "NET103",
    "NET104",
    "NET105",
    "NET106",
    "NET107",
    "NET108",
    "NET109",
    "NET110",
    "NET111",
    "NET113",
)
