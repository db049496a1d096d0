"""A download in a log: how far it has come every five seconds, and at once what is worth keeping."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from typing import TextIO

from qtune.commands import transferwords as words
from qtune.core import amounts
from qtune.core.download.events import Checking, Event, Status
from qtune.speech import say

_LINE_EVERY_S = 5.0


class Log:
    """Told by any thread; writes whole lines, without an escape code."""

    def __init__(self, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream = stream
        self._clock = clock
        self._lines = words.Lines(clock)
        self._lock = threading.Lock()
        self._told = clock()

    def __call__(self, event: Event) -> None:
        with self._lock:
            line = self._lines.of(event)
            if isinstance(event, Status | Checking) and self._is_due():
                self._told = self._clock()
                line = _line(event) if isinstance(event, Status) else _checked(event)
            if line is not None:
                with contextlib.suppress(OSError, ValueError):  # nobody reads it: the files count
                    self._stream.write(line + "\n")
                    self._stream.flush()

    def _is_due(self) -> bool:
        return self._clock() - self._told >= _LINE_EVERY_S


def _checked(told: Checking) -> str:
    share, amount = words.percent(told.done, told.total), words.amount(told.done, told.total)
    return words.checking() + say(": ", "：") + f"{share} {amount}"


def _line(status: Status) -> str:
    amount = words.amount(status.done, status.total)
    first = [
        f"{words.percent(status.done, status.total)} {amount}",
        amounts.rate(status.bytes_per_second),
    ]
    if status.eta_s is not None and status.done < status.total:
        first.append(words.left(status.eta_s))
    rest = words.sources(status, "×") + ([words.retries(status.retries)] if status.retries else [])
    comma, stop = say(", ", "，"), say("; ", "；")
    return stop.join([comma.join(first), *([comma.join(rest)] if rest else [])])
