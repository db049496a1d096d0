"""Running a program of the system: bounded in time, its own environment, never one from the project."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Outcome:
    """`status` None: it was killed after its time, or could not be started."""

    status: int | None
    out: str = ""
    err: str = ""


def find(name: str, environ: Mapping[str, str], root: Path) -> str | None:
    """The program on PATH, unless it lies in the project: a cloned repository may bring a `git.exe`."""
    found = shutil.which(name, path=environ.get("PATH", os.defpath))
    if found is None:
        return None
    path = Path(found).resolve()
    return None if path.is_relative_to(root.resolve()) else str(path)


def run(
    argv: Sequence[str],
    environ: Mapping[str, str],
    seconds: float,
    cwd: Path | None = None,
) -> Outcome:
    """Its output as text, whatever the bytes; killed when its time is over."""
    try:
        done = subprocess.run(
            argv,
            env=dict(environ),
            cwd=cwd,
            timeout=seconds,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        return Outcome(None, err=f"{type(error).__name__}: {error}")
    return Outcome(done.returncode, _text(done.stdout), _text(done.stderr))


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")
