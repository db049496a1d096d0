"""The environment that the shell has activated, where qtune runs in another one (pipx, uv tool, a conda base)."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping
from importlib import metadata
from pathlib import Path

from qtune.doctor.facts import Elsewhere

NEEDED = ("torch", "transformers", "peft", "accelerate")


def activated(environ: Mapping[str, str], prefix: str) -> Elsewhere | None:
    """The one activated last: a venv on top of conda is what `python` then means."""
    for variable in ("VIRTUAL_ENV", "CONDA_PREFIX"):
        path = environ.get(variable, "")
        if path and Path(path).is_dir():
            if Path(path).resolve() == Path(prefix).resolve():
                return None
            return Elsewhere(path, variable, _versions(Path(path)))
    return None


def _versions(environment: Path) -> dict[str, str]:
    folders = [str(folder) for folder in _site_packages(environment)]
    found: dict[str, str] = {}
    for name in NEEDED:
        for distribution in metadata.distributions(name=name, path=folders):
            with contextlib.suppress(
                KeyError, ValueError, OSError
            ):  # broken, which pip calls absent
                found.setdefault(name, distribution.version or "")
    return {name: version for name, version in found.items() if version}


def _site_packages(environment: Path) -> Iterator[Path]:
    if os.name == "nt":
        yield environment / "Lib" / "site-packages"
    else:
        yield from sorted((environment / "lib").glob("python3*/site-packages"))
