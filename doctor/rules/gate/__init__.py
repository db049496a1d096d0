"""Rules about who may read a repository, in the order of their codes."""

from __future__ import annotations

from qtune.doctor.rule import Rule

RULES: tuple[Rule, ...] = ()
