"""What the parent asks of the child that holds the model: a file that only the user can read."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

Task = Literal["chat", "eval", "export"]


@dataclass(frozen=True)
class Asked:
    """`base` is the folder of the base model, None where a whole model needs none. `build`: it is the
    quickstart's, made when absent. `options` belong to the task.
    """

    task: Task
    folder: Path
    adapter: bool
    base: Path | None
    build: bool = False
    device: str = "auto"
    dtype: str = "auto"
    enable_thinking: bool | None = None
    trust_remote_code: bool = False
    options: Mapping[str, Any] = field(default_factory=dict)


def write(asked: Asked, path: Path) -> None:
    """`path` must not exist yet."""
    values = {
        **vars(asked),
        "folder": str(asked.folder),
        "base": None if asked.base is None else str(asked.base),
        "options": dict(asked.options),
    }
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(values, file)


def read(path: Path) -> Asked:
    values = json.loads(path.read_text(encoding="utf-8"))
    base = values["base"]
    return Asked(
        **{**values, "folder": Path(values["folder"]), "base": None if base is None else Path(base)}
    )
