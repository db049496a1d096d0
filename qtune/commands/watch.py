"""What is being checked right now and for how long, on one line of stderr that disappears; nothing where nobody watches.

For a program (`--progress jsonl`, read by qtune.doctor.lsp.child) each beginning and end is a line of JSON.
"""

from __future__ import annotations

import contextlib
import json
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import TextIO

from rich.text import Text

from qtune.commands.console import progress
from qtune.doctor.report.layout import shortened
from qtune.doctor.schedule import Observer
from qtune.speech import say

_WORTH_SAYING = 1.0  # seconds from which on a person wants to know what is being waited for


class Line:
    """The checks that are still out, the longest first; written anew each time it is shown."""

    def __init__(self, width: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._width = width
        self._clock = clock
        self._running: dict[str, float] = {}
        self._done = 0
        self._lock = threading.Lock()

    def observe(self, check: str, finished: bool) -> None:
        with self._lock:
            if not finished:
                self._running[check] = self._clock()
                return
            self._running.pop(check, None)
            self._done += 1

    def __rich__(self) -> Text:
        return Text(self.text())

    def text(self) -> str:
        with self._lock:
            now, done, running = self._clock(), self._done, dict(self._running)
        line = say(f"{done} checked", f"已检查 {done} 项")
        names = [name + _since(now - started) for name, started in running.items()]
        if names:
            line += " · " + ", ".join(names)
        return shortened(line, self._width)


def _since(seconds: float) -> str:
    if seconds < _WORTH_SAYING:
        return ""
    return say(f" {int(seconds)} s", f" {int(seconds)} 秒")


class Events:
    """An observer that writes; where nobody reads any more, the doctor goes on."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._done = self._total = 0

    def expect(self, checks: int) -> None:
        self._done, self._total = 0, checks

    def __call__(self, check: str, finished: bool) -> None:
        self._done += finished
        step = {"check": check, "finished": finished, "done": self._done, "total": self._total}
        with contextlib.suppress(OSError, ValueError):
            self._stream.write(json.dumps({"event": "progress", **step}) + "\n")
            self._stream.flush()


@contextlib.contextmanager
def watching(quiet: bool = False) -> Iterator[Observer]:
    console = progress()
    # FORCE_COLOR makes a log look like a terminal to rich; only a real one can take a line back.
    if quiet or not sys.stderr.isatty() or console.is_dumb_terminal:
        yield lambda check, finished: None
        return
    spinner = "dots" if not console.legacy_windows and console.encoding == "utf-8" else "line"
    line = Line(max(10, console.width - 4))
    with console.status(line, spinner=spinner, refresh_per_second=5):
        yield line.observe
