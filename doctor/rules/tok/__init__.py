"""Rules about tokens, in the order of their codes."""

from __future__ import annotations

from qtune.doctor.rules.roster import Roster

RULES = Roster(
    "TOK300",
    "TOK301",
    "TOK302",
    "TOK303",
    "TOK304",
    "TOK305",
    "TOK306",
    "TOK307",
    "TOK308",
    "TOK309",
    "TOK310",
    "TOK311",
    "TOK312",
)
