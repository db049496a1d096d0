"""Runs one trainer as a user would and watches it from outside: losses, times, and the memory of all its processes."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

from bench.train.trainers import BATCH, EVERY, STEPS, Command

LOOK_S = 0.2


@dataclass(frozen=True)
class Run:
    """`first_s` is from the start of the process to the first loss; `rate` samples/s from there to the last."""

    loss: float
    first_s: float
    rate: float
    wall_s: float
    peak: int


class Failed(Exception):
    """The trainer did not train; the text is the end of its output."""


def run(command: Command, folder: Path, threads: int) -> Run:
    environ = {
        **os.environ,
        "OMP_NUM_THREADS": str(threads),
        "MKL_NUM_THREADS": str(threads),
        "TOKENIZERS_PARALLELISM": "true",
        "PYTHONUNBUFFERED": "1",
        "HF_HUB_OFFLINE": "1",
        "CUDA_VISIBLE_DEVICES": "",
        "USE_HF": "1",
        "QTUNE_LANG": "en",
        "HF_DATASETS_CACHE": str(folder / "datasets"),
    }
    started = time.perf_counter()
    child = subprocess.Popen(
        command.argv,
        cwd=folder,
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    peak = _Peak(child.pid)
    peak.start()
    lines: list[str] = []
    seen: list[tuple[float, float]] = []
    assert child.stdout is not None
    for line in child.stdout:
        lines.append(line)
        for found in re.finditer(command.loss, line):
            seen.append((time.perf_counter() - started, float(found[1])))
    code = child.wait()
    peak.done.set()
    peak.join()
    if code or len(seen) != 1 + STEPS // EVERY:
        raise Failed(f"exit {code}, {len(seen)} losses\n{''.join(lines[-40:])}")
    first, last = seen[0][0], seen[-1][0]
    # The first loss is of one step alone, the second of those up to the tenth.
    counts = [1, EVERY - 1, *[EVERY] * (len(seen) - 2)]
    loss = sum(count * value for count, (_, value) in zip(counts, seen, strict=True)) / STEPS
    wall = time.perf_counter() - started
    return Run(loss, first, BATCH * (STEPS - 1) / (last - first), wall, peak.most)


class _Peak(threading.Thread):
    """Looks at the processes' proportional memory: what two of them share is counted once."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.process = psutil.Process(pid)
        self.most = 0
        self.done = threading.Event()

    def run(self) -> None:
        while not self.done.wait(LOOK_S):
            total = 0
            with contextlib.suppress(psutil.Error):
                for each in (self.process, *self.process.children(recursive=True)):
                    with contextlib.suppress(psutil.Error):
                        total += each.memory_full_info().pss
            self.most = max(self.most, total)
