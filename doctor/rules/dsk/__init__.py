"""Rules about disk and cache, in the order of their codes."""

from __future__ import annotations

from qtune.doctor.rules.roster import Roster

RULES = Roster(
    "DSK600",
    "DSK601",
    "DSK602",
    "DSK603",
    "DSK604",
    "DSK605",
    "DSK606",
    "DSK607",
)
