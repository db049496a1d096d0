"""Rules about the data to train on, in the order of their codes."""

from __future__ import annotations

from qtune.doctor.rules.roster import Roster

RULES = Roster(
    "DAT900",
    "DAT901",
    "DAT902",
    "DAT903",
    "DAT904",
    "DAT905",
    "DAT906",
    "DAT907",
)
