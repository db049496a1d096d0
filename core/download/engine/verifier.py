"""The hash of each file, running behind the bytes as they come to lie without a gap from its start."""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass

from qtune.core.download.digest import Digests, Hasher
from qtune.core.download.engine.job import Job

BLOCK = 1 << 20
WORTH_A_TURN = 4 << 20  # bytes; for less a thread is not woken, unless the file is whole
SETTLE = 8 << 20  # bytes that begin their way to the disk together
Judge = Callable[[Job, Digests], None]


@dataclass(eq=False)
class _Run:
    """How far one file's hash has come. `claimed`: a thread is at it, or it waits for one."""

    hasher: Hasher
    position: int = 0
    settled: int = 0
    claimed: bool = False


class Verifier:
    """`judge` is called, in a thread of this verifier, with the digests of each file that became whole.

    What it raises, and what reading raises, goes to `failed`.
    """

    def __init__(self, judge: Judge, failed: Callable[[BaseException], None]) -> None:
        self._judge, self._failed = judge, failed
        self._runs: dict[Job, _Run] = {}
        self._lock = threading.Lock()
        self._waiting: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._stop = threading.Event()
        count = max(1, min(4, os.cpu_count() or 1))
        self._threads = [
            threading.Thread(target=self._work, name=f"verify {n}", daemon=True)
            for n in range(count)
        ]
        for thread in self._threads:
            thread.start()

    def look(self, job: Job, whole: bool) -> None:
        """Some of the file has come, or all of it."""
        with self._lock:
            run = self._runs.get(job)
            if run is None:
                run = self._runs[job] = _Run(Hasher(job.file))
            if run.claimed or not (whole or job.part.frontier - run.position >= WORTH_A_TURN):
                return
            run.claimed = True
        self._waiting.put(job)

    def position(self, job: Job) -> int:
        with self._lock:
            run = self._runs.get(job)
            return run.position if run is not None else 0

    def start_over(self, job: Job) -> None:
        """To be called from `judge` alone, where no thread is at this file."""
        with self._lock:
            self._runs[job] = _Run(Hasher(job.file))

    def end(self, seconds: float) -> None:
        self._stop.set()
        for _ in self._threads:
            self._waiting.put(None)
        for thread in self._threads:
            thread.join(seconds)

    def _work(self) -> None:
        block = memoryview(bytearray(BLOCK))
        while not self._stop.is_set() and (job := self._waiting.get()) is not None:
            try:
                self._go_over(job, block)
            except BaseException as error:
                self._failed(error)

    def _go_over(self, job: Job, block: memoryview) -> None:
        run = self._runs[job]
        while not self._stop.is_set():
            frontier = job.part.frontier
            while run.position < frontier and not self._stop.is_set():
                got = job.part.read(run.position, block[: frontier - run.position])
                if not got:
                    raise OSError(5, f"{job.part.path.name} became shorter while it was read")
                run.hasher.update(block[:got])
                run.position += got
                if run.position - run.settled >= SETTLE or run.position == job.file.size:
                    job.part.settle(run.settled, run.position)
                    run.settled = run.position
            if run.position == job.file.size:
                break
            with self._lock:
                if job.part.frontier - run.position < BLOCK and not job.complete:
                    run.claimed = False
                    return
        else:
            return
        # It stays claimed: the connection that brought the last bytes may look only after the verdict.
        self._judge(job, run.hasher.digests())
