"""Rules about installed packages, in the order of their codes."""

from __future__ import annotations

from qtune.doctor.rules.roster import Roster

RULES = Roster(
    "PKG700",
    "PKG701",
    "PKG702",
    "PKG703",
    "PKG704",
    "PKG705",
    "PKG706",
    "PKG707",
    "PKG708",
)
