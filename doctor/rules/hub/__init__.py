"""Rules about hubs and mirrors, in the order of their codes."""

from __future__ import annotations

from qtune.doctor.rules.roster import Roster

RULES = Roster(
    "HUB200",
    "HUB201",
    "HUB202",
    "HUB203",
    "HUB204",
    "HUB205",
    "HUB206",
    "HUB207",
    "HUB208",
    "HUB209",
    "HUB210",
    "HUB211",
    "HUB220",
    "HUB221",
    "HUB223",
    "HUB224",
    "HUB225",
    "HUB226",
)
