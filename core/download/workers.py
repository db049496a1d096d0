"""Several files at once in threads; the first error, or ^C, ends them all within a second."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Sequence

from qtune.core.download.digest import Stopped
from qtune.core.download.line import Line
from qtune.core.hub.interface import RepoFile

FAREWELL_S = 0.7


def run_all(
    jobs: Sequence[RepoFile], work: Callable[[RepoFile], None], count: int, line: Line
) -> None:
    """Raises what the first failing job raised.

    The threads are daemons: one that hangs in a system call cannot keep the process from ending, and
    whatever it still receives it throws away.
    """
    waiting: queue.SimpleQueue[RepoFile] = queue.SimpleQueue()
    for job in jobs:
        waiting.put(job)
    failures: queue.SimpleQueue[BaseException | None] = queue.SimpleQueue()

    def worker() -> None:
        failure: BaseException | None = None
        try:
            while not line.stop.is_set():
                work(waiting.get_nowait())
        except queue.Empty:
            pass
        except BaseException as error:
            failure = error
        failures.put(failure)

    threads = [
        threading.Thread(target=worker, name=f"download {n}", daemon=True)
        for n in range(min(count, len(jobs)))
    ]
    try:
        for thread in threads:
            thread.start()
        for _ in threads:
            failure = _next(failures)
            if failure is not None and not isinstance(failure, Stopped):
                raise failure
    finally:
        line.cut()
        deadline = time.monotonic() + FAREWELL_S
        for thread in (t for t in threads if t.ident is not None):
            thread.join(max(0.0, deadline - time.monotonic()))


def _next(failures: queue.SimpleQueue[BaseException | None]) -> BaseException | None:
    """On Windows ^C does not end a wait without a limit."""
    while True:
        try:
            return failures.get(timeout=0.2)
        except queue.Empty:
            continue
