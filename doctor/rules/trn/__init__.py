"""Rules about training, in the order of their codes."""

from __future__ import annotations

from qtune.doctor.rules.roster import Roster

RULES = Roster(
    "TRN001",
    "TRN002",
    "TRN003",
    "TRN004",
    "TRN005",
    "TRN006",
    "TRN008",
    "TRN010",
    "TRN011",
    "TRN012",
    "TRN013",
    "TRN014",
    "TRN020",
    "TRN021",
    "TRN022",
    "TRN023",
    "TRN024",
    "TRN030",
    "TRN031",
    "TRN032",
    "TRN040",
    "TRN041",
    "TRN042",
    "TRN043",
    "TRN070",
    "TRN071",
    "TRN072",
    "TRN075",
    "TRN080",
    "TRN081",
    "TRN082",
    "TRN083",
    "TRN120",
    "TRN121",
)
