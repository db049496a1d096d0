"""Rules about installed packages, in the order of their codes."""

from __future__ import annotations

from qtune.doctor.rule import Rule
from qtune.doctor.rules.pkg import pkg701

RULES: tuple[Rule, ...] = (pkg701.RULE,)
