"""Running a program of the system: bounded in time, its own environment, never one from the project."""

from __future__ import annotations

import atexit
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
    given: bytes | None = None,
) -> Outcome:
    """Its output as text, whatever the bytes; killed when its time is over, and when qtune ends before.

    `given` is what it reads from stdin.
    """
    try:
        with subprocess.Popen(
            argv,
            env=dict(environ),
            cwd=cwd,
            stdin=subprocess.DEVNULL if given is None else subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as child:
            _RUNNING.add(child)
            try:
                out, err = child.communicate(given, timeout=seconds)
            finally:
                child.kill()  # does nothing to one that has ended
                _RUNNING.discard(child)
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        return Outcome(None, err=f"{type(error).__name__}: {error}")
    return Outcome(child.returncode, _text(out), _text(err))


_RUNNING: set[subprocess.Popen[bytes]] = set()


@atexit.register
def _leave_none_behind() -> None:
    """The threads that wait for them are gone after ^C; a torch that hangs must not stay."""
    for child in list(_RUNNING):
        child.kill()


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")
