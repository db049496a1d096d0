"""What the user asked for and has set: the goal, the settings, the sources they allow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from qtune.core.origin import Origin
from qtune.core.sources import Source
from qtune.core.text import Text
from qtune.core.workload import Workload

GoalKind = Literal["download", "train", "push"]


@dataclass(frozen=True)
class DataAsked:
    """A data file of the run config; `format` is what its rows are said to be, auto to be found out."""

    path: str
    format: str = "auto"


@dataclass(frozen=True)
class Goal:
    """What the user wants to do. `model` is a repo id, or a folder when `local`.

    `training` is what a run config asks of the GPU's memory; None: what qtune does by default.
    `data` are its own files, `enable_thinking` what it hands to the chat template.
    """

    kind: GoalKind
    model: str
    revision: str | None = None
    local: bool = False
    run_config: str | None = None
    output_dir: str = ""
    training: Workload | None = None
    data: tuple[DataAsked, ...] = ()
    enable_thinking: bool | None = None


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
