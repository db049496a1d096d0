"""What the user has set: the settings, the sources they allow, what they do not want to hear of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from qtune.core.origin import Origin
from qtune.core.sources import Source
from qtune.core.text import Text


@dataclass(frozen=True)
class SettingFact:
    """`value` is masked where the row is secret; `problem` says why the value cannot be used."""

    key: str
    value: str
    origin: Origin
    problem: Text | None = None


@dataclass(frozen=True)
class ShadowedSetting:
    """A value that lost: `hidden` stands at `origin`, but `winner` counts. `same`: both are equal."""

    key: str
    hidden: str
    origin: Origin
    winner: Origin
    same: bool


@dataclass(frozen=True)
class Suppression:
    """Codes that the user does not want to hear of, and where that is written.

    line: findings in the lines `first` to `last`; file: those in this file, or in none; project: all.
    `column` to `end_column` is the comment (or the word in pyproject.toml), `gap` the blanks before it.
    `flaw`: why it says nothing, no_codes or in_value.
    """

    scope: Literal["line", "file", "project"]
    codes: tuple[str, ...]
    reason: str
    path: str
    line: int
    column: int
    end_column: int
    first: int = 0
    last: int = 0
    gap: int = 0
    flaw: Literal["", "no_codes", "in_value"] = ""


@dataclass(frozen=True)
class SourceFact:
    """An allowed source, in the order of the settings. `official`: the hub's own host."""

    name: str
    kind: Literal["huggingface", "modelscope", "mirror"]
    endpoint: str
    official: bool

    @property
    def title(self) -> str:
        """As a person calls it."""
        return Source(self.kind, self.endpoint).title

    @property
    def titled(self) -> str:
        """The same, with its address where that is not the hub's own."""
        host = self.endpoint.partition("://")[2]
        return self.title if self.official or self.kind == "mirror" else f"{self.title} ({host})"
