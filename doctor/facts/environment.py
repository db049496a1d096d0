"""The variables of the process that are no settings of qtune's, and still mean something."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ProcessVariables:
    """The names, of those that were looked for, that have a value."""

    names: tuple[str, ...] = ()
