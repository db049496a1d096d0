"""One reason why a training can fail: its name, what happened, what to do."""

from __future__ import annotations

from dataclasses import dataclass

from qtune.core.text import Text


@dataclass(frozen=True)
class Cause:
    name: str
    text: Text
    fix: Text
