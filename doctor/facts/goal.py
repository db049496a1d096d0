"""What the user wants to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from qtune.core.workload import Workload

GoalKind = Literal["download", "train", "push", "check"]


@dataclass(frozen=True)
class DataAsked:
    """A data file of the run config; `format` is what its rows are said to be, auto to be found out.

    `evaluates`: it is not trained on.
    """

    path: str
    format: str = "auto"
    evaluates: bool = False


@dataclass(frozen=True)
class Goal:
    """What the user wants to do. `model` is a repo id, or a folder when `local`.

    `check`: no more than to have `files` judged by their text, of whatever model they speak.

    `training` is what a run config asks of the GPU's memory; None: what qtune does by default.
    `data` are its own files, `enable_thinking` what it hands to the chat template. `packages` are those that
    a line of it asks for, any of which will do.
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
    files: tuple[str, ...] = ()
    packages: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
