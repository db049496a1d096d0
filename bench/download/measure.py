"""One run of a client in a fresh process: wall time, CPU, peak memory."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Run:
    at: float  # when it was started, seconds since the epoch
    wall: float  # seconds
    cpu: float  # seconds, user and system
    rss: float  # MB at its highest
    status: int  # as subprocess gives it: negative is the signal
    output: str


def run(command: Sequence[str], environ: Mapping[str, str], folder: Path, limit: float) -> Run:
    """Run it in `folder`; after `limit` seconds it is killed with SIGKILL."""
    with tempfile.TemporaryFile() as output:
        at, began = time.time(), time.perf_counter()
        process = subprocess.Popen(
            command, env=dict(environ), cwd=folder, stdout=output, stderr=subprocess.STDOUT
        )
        ended, peak = threading.Event(), [0.0]
        watcher = threading.Thread(target=_watch, args=(process.pid, ended, peak))
        killer = threading.Timer(limit, os.kill, (process.pid, signal.SIGKILL))
        watcher.start()
        killer.start()
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - began
        killer.cancel()
        ended.set()
        watcher.join()
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        text = output.read().decode(errors="replace")
    cpu = usage.ru_utime + usage.ru_stime
    return Run(at, wall, cpu, peak[0], process.returncode, text)


def _watch(pid: int, ended: threading.Event, peak: list[float]) -> None:
    """VmHWM, not ru_maxrss: the latter begins with what the parent had when it forked."""
    while not ended.wait(0.02):
        try:
            lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        except OSError:
            return
        for line in lines:
            if line.startswith("VmHWM"):
                peak[0] = max(peak[0], int(line.split()[1]) / 1000)


def absent(folder: Path, wanted: Collection[str]) -> int:
    """How many of these sha256 no file below the folder has."""
    found = set()
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink():
            with path.open("rb") as file:
                found.add(hashlib.file_digest(file, "sha256").hexdigest())
    return len({*wanted} - found)
