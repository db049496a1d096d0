"""Rules about Python source, in the order of their codes."""

from __future__ import annotations

from qtune.doctor.rules.roster import Roster

RULES = Roster(
    "SRC001",
    "SRC002",
    "SRC003",
    "SRC004",
    "SRC005",
    "SRC006",
    "SRC007",
    "SRC008",
)
