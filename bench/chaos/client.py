"""`qtune download` as its users run it: a process that may be killed or interrupted, and is run again."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 60.0  # a client that takes longer hangs
FAREWELL_S = 20.0  # ... after ^C; a second is what it should take


@dataclass(frozen=True)
class Ended:
    """How a client ended: its exit code (negative: the signal), the snapshot's path, what it showed."""

    code: int
    path: str
    shown: str


class Client:
    def __init__(self, repo_id: str, environ: Mapping[str, str], shown: Path) -> None:
        self._out, self._err = shown.with_suffix(".out"), shown.with_suffix(".err")
        with self._out.open("wb") as out, self._err.open("wb") as err:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "qtune", "download", repo_id],
                cwd=shown.parent,
                env={**environ, "PYTHONPATH": str(ROOT)},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
            )

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    def kill(self) -> Ended:
        self._process.kill()
        return self.end(PATIENCE_S)

    def interrupt(self) -> Ended:
        """^C. Raises subprocess.TimeoutExpired where it does not end."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._process.pid, signal.SIGINT)
        return self.end(FAREWELL_S)

    def end(self, within_s: float = PATIENCE_S) -> Ended:
        """Raises subprocess.TimeoutExpired where it hangs; then it has been killed."""
        try:
            code = self._process.wait(within_s)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            raise
        out = self._out.read_text("utf-8", "replace")
        return Ended(code, out.strip(), out + self._err.read_text("utf-8", "replace"))
