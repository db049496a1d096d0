"""Has a child train, listens to it, and tells how it ended; imports nothing heavy."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

from qtune.core.errors import TrainError
from qtune.core.text import plain
from qtune.train import endings
from qtune.train.causes import failure
from qtune.train.child import Child, begun
from qtune.train.events import Crashed, Event, Failed, decode
from qtune.train.gang import ALONE, Gang
from qtune.train.job import Job


@dataclass(frozen=True)
class Ended:
    """How the child ended: 0, 1 with `error`, 3 with `traceback` (a bug), or 130 and 143.

    `tail` are the last lines the libraries wrote, not redacted.
    """

    code: int
    error: TrainError | None
    traceback: str
    tail: tuple[str, ...]


def launch(
    job: Job,
    environ: Mapping[str, str],
    on_event: Callable[[Event], None],
    on_noise: Callable[[str], None] = lambda line: None,
    gang: Gang = ALONE,
) -> Ended:
    """Train in a child process, or in a gang of them; SIGINT and SIGTERM make it save and stop.

    `on_event` runs in this thread; `on_noise` gets each line of the child's stderr, in another.
    """
    with begun(environ, gang) as child:
        return train(child, job, on_event, on_noise)


def train(
    child: Child,
    job: Job,
    on_event: Callable[[Event], None],
    on_noise: Callable[[str], None] = lambda line: None,
) -> Ended:
    """As `launch`, in a child that has begun already; to be called once."""
    assert child.process.stdout
    child.on_noise = on_noise
    failed: Failed | None = None
    traceback = ""
    try:
        with _forwarding(child) as heard:
            child.give(job)
            for raw in child.process.stdout:
                event = decode(raw.decode("utf-8", "replace"))
                if isinstance(event, Failed):
                    failed = event
                elif isinstance(event, Crashed):
                    traceback = event.traceback
                on_event(event)
            code = child.process.wait()
    finally:
        child.end()
    if child.gang.size > 1:
        code, ending = endings.verdict(child.folder, child.gang) if code >= 0 else (code, None)
        if isinstance(ending, Failed):
            failed = ending
            on_event(failed)
        elif ending is not None:
            traceback = ending.traceback
    error = TrainError(failed.code, failed.message, failed.fix) if failed else None
    if heard and code != 0:
        code = 128 + heard[0]
    return _ended(code, error, traceback, tuple(child.tail))


def _ended(code: int, error: TrainError | None, traceback: str, tail: tuple[str, ...]) -> Ended:
    if code in (-signal.SIGINT, -signal.SIGTERM):
        code = 128 - code
    if code in (0, 130, 143) or (code == 3 and traceback):
        return Ended(code, None, traceback, tail)
    if error is None:
        last = plain("\n".join(tail[-5:]))
        error = failure("TRN041" if code == -9 else "TRN042", last if tail else None)
    return Ended(1, error, "", tail)


@contextmanager
def _forwarding(child: Child) -> Iterator[list[int]]:
    """Pass SIGINT and SIGTERM on instead of dying of them; a second one stops the child at once.

    Yields the list of the signals that came.
    """
    heard: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield heard
        return

    def forward(number: int, frame: FrameType | None) -> None:
        heard.append(number)
        if len(heard) > 1:
            child.kill()
        elif sys.platform == "win32" and child.process.stdin is not None:
            child.process.stdin.close()  # Windows cannot signal another session's process
        else:
            child.process.send_signal(number)

    before = {number: signal.signal(number, forward) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield heard
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
