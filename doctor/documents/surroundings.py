"""What a document is judged beside: this process's variables, the reports in the cache, the project's wishes."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from qtune.core import envfile
from qtune.core.envfile import EnvDocument
from qtune.core.locations import user_config
from qtune.doctor.documents.world import World
from qtune.doctor.facts import Suppression

if TYPE_CHECKING:
    from qtune.doctor.lastreports import LastReport

_LARGEST = 1 << 20  # bytes of a pyproject.toml


def world_of(root: Path) -> World:
    """`root` is the project's folder, of which the reports are."""

    def report(model: str | None) -> LastReport | None:
        from qtune.doctor import lastreports  # most documents do not ask

        return lastreports.report(root, model)

    return World(os.environ, report, _user())


def _user() -> EnvDocument | None:
    try:
        return envfile.read(user_config(), os.environ)
    except OSError:
        return None


def suppressions(root: Path) -> tuple[Suppression, ...]:
    """What the project's pyproject.toml keeps quiet; read again when it has changed."""
    path = root / "pyproject.toml"
    try:
        return _read(path, path.stat().st_mtime_ns)
    except (OSError, ValueError):  # a path may come from any URI
        return ()


@lru_cache(32)
def _read(path: Path, changed: int) -> tuple[Suppression, ...]:
    from qtune.doctor.suppression import project

    with path.open("rb") as file:
        data = file.read(_LARGEST)
    if b"tool.qtune" not in data:
        return ()
    return project.read(data.decode("utf-8-sig", "replace"), path, lambda name: True).suppressions
