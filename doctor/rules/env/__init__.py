"""Rules about `.env` itself, in the order of their codes."""

from __future__ import annotations

from qtune.doctor.rules.roster import Roster

RULES = Roster(
    "ENV800",
    "ENV801",
    "ENV802",
    "ENV803",
    "ENV804",
    "ENV805",
    "ENV806",
    "ENV807",
    "ENV808",
    "ENV810",
    "ENV811",
    "ENV812",
)
