"""The rules, one file each; `RULES` and `BY_CODE` are the registry's, imported when they are asked for.

One rule can thus be read without the hundred others: `qtune explain` is waited for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qtune.doctor.rules.registry import BY_CODE, RULES

__all__ = ["BY_CODE", "RULES"]


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from qtune.doctor.rules import registry

    return getattr(registry, name)
