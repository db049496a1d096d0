"""The rules, one file each; `RULES` and `BY_CODE` are the registry's, imported when they are asked for.

One rule can thus be read without the hundred others: `qtune explain` is waited for.
"""

from __future__ import annotations

import importlib
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qtune.doctor.rule import Rule
    from qtune.doctor.rules.registry import BY_CODE, JUDGING, RULES

__all__ = ["BY_CODE", "JUDGING", "RULES", "one"]


def one(code: str) -> Rule | None:
    """The rule of a code, from its own file; None where there is none."""
    match = re.fullmatch(r"([A-Z]{3,4})\d{3}", code, re.A)
    if match is None:
        return None
    name = f"qtune.doctor.rules.{match[1].lower()}.{code.lower()}"
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not name.startswith(error.name):
            raise
        return None
    found: Rule = module.RULE
    return found


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from qtune.doctor.rules import registry

    return getattr(registry, name)
