"""Rules about who may read a repository, in the order of their codes."""

from __future__ import annotations

from qtune.doctor.rules.roster import Roster

RULES = Roster(
    "GATE400",
    "GATE401",
    "GATE402",
    "GATE403",
    "GATE404",
    "GATE405",
    "GATE406",
    "GATE407",
    "GATE408",
)
