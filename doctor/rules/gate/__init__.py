"""Rules about who may read a repository, in the order of their codes."""

from __future__ import annotations

from qtune.doctor.rule import Rule
from qtune.doctor.rules.gate import (
    gate400,
    gate401,
    gate402,
    gate403,
    gate404,
    gate405,
    gate406,
    gate407,
    gate408,
)

RULES: tuple[Rule, ...] = (
    gate400.RULE,
    gate401.RULE,
    gate402.RULE,
    gate403.RULE,
    gate404.RULE,
    gate405.RULE,
    gate406.RULE,
    gate407.RULE,
    gate408.RULE,
)
