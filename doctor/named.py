"""What a user may call a rule, in `--only`, in `--skip` and in pyproject.toml."""

from __future__ import annotations

from collections.abc import Iterable

from qtune.doctor.rule import Rule, nothing
from qtune.doctor.rules import RULES


def is_name(name: str) -> bool:
    """Can `only` and `skip` hold it?"""
    return any(is_named(rule, (name,)) for rule in RULES)


def is_named(rule: Rule, names: Iterable[str]) -> bool:
    wanted = {name.upper().rstrip(".*") for name in names}
    if wanted & {rule.code, prefix(rule), rule.name.upper()}:
        return True
    kinds = wanted & {need.upper() for need in rule.needs}
    if not kinds or rule.judge is nothing:
        return False
    # `gate` is a kind of checks too; whoever says it means the GATE codes.
    return bool(kinds - {code.rstrip("0123456789") for code in RULES.codes})


def prefix(rule: Rule) -> str:
    return rule.code.rstrip("0123456789")
