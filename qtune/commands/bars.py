"""The progress of a training or of a check of the cache: bars on a terminal, lines in a log, nothing when quiet."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass

from rich.console import Console
from rich.progress import BarColumn, ProgressColumn, Task, TaskID, TextColumn
from rich.progress import Progress as RichProgress
from rich.text import Text

from qtune.commands.console import progress as stderr_console
from qtune.core import amounts
from qtune.core.progress import SILENT, Progress
from qtune.doctor.report.characters import clean
from qtune.speech import current, say

_BYTES = frozenset({"verify", "push"})  # the tasks that count them; training counts steps
_LINE_EVERY_S = 10.0


@contextlib.contextmanager
def bars(quiet: bool = False) -> Iterator[Progress]:
    """An observer for as long as the block lasts; what it drew is gone afterwards, what was said stays."""
    console = stderr_console()
    if quiet:
        yield SILENT
    elif sys.stderr.isatty() and not console.is_dumb_terminal:
        with _rich(console) as drawing:
            yield Bars(drawing)
    else:
        yield Lines(console)


def _title(task: str) -> str:
    titles = {
        "verify": ("total", "合计"),
        "data": ("rows", "数据"),
        "tokens": ("tokenizing", "分词"),
        "push": ("sending", "上传"),
        "loss": ("loss", "损失"),
        "answers": ("answers", "回答"),
        "export": ("exporting", "导出"),
    }
    return say(*titles.get(task, ("training", "训练")))


class _Amount(ProgressColumn):
    def render(self, task: Task) -> Text:
        total = task.total
        if not task.fields["bytes"]:
            return Text(f"{task.completed:.0f}/{total:.0f}" if total else f"{task.completed:.0f}")
        whole = f" / {amounts.size(total)}" if total else ""
        return Text(amounts.size(task.completed) + whole)


class _Pace(ProgressColumn):
    def render(self, task: Task) -> Text:
        pace = task.finished_speed or task.speed
        if not pace or pace <= 0:
            return Text("")
        left = task.time_remaining
        time_left = amounts.duration(left).to(current()) if left else ""
        speed = amounts.rate(pace) if task.fields["bytes"] else ""
        return Text("  ".join(part for part in (speed, time_left) if part))


def _rich(console: Console) -> RichProgress:
    return RichProgress(
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=None),
        TextColumn("{task.percentage:>3.0f}%", markup=False),
        _Amount(),
        _Pace(),
        console=console,
        transient=True,
        expand=True,
        speed_estimate_period=15,
    )


class Bars:
    """A bar for each task."""

    def __init__(self, drawing: RichProgress) -> None:
        self._drawing = drawing
        self._tasks: dict[str, TaskID] = {}
        self._lock = threading.Lock()

    def start(self, task: str, total: int | None) -> None:
        with self._lock:
            self._tasks[task] = self._drawing.add_task(
                _title(task), total=total, bytes=task in _BYTES
            )

    def advance(self, task: str, amount: int) -> None:
        with self._lock:
            if task in self._tasks:
                self._drawing.advance(self._tasks[task], amount)

    def finish(self, task: str) -> None:
        with self._lock:
            if task in self._tasks:
                self._drawing.remove_task(self._tasks.pop(task))

    def say(self, line: str) -> None:
        self._drawing.console.print(Text(clean(line), overflow="fold"))


@dataclass
class _Count:
    total: int | None
    done: int
    started: float
    told: float


class Lines:
    """For logs: what is said, and every ten seconds how far it has come."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._tasks: dict[str, _Count] = {}
        self._lock = threading.Lock()

    def start(self, task: str, total: int | None) -> None:
        now = time.monotonic()
        with self._lock:
            self._tasks[task] = _Count(total, 0, now, now)

    def advance(self, task: str, amount: int) -> None:
        now = time.monotonic()
        with self._lock:
            count = self._tasks.get(task)
            if count is None:
                return
            count.done += amount
            if now - count.told < _LINE_EVERY_S:
                return
            count.told = now
            line = _line(task, count, now)
        self.say(line)

    def finish(self, task: str) -> None:
        with self._lock:
            self._tasks.pop(task, None)

    def say(self, line: str) -> None:
        self._console.file.write(clean(line) + "\n")
        self._console.file.flush()


def _line(task: str, count: _Count, now: float) -> str:
    percent = f" {100 * count.done // count.total}%" if count.total else ""
    if task not in _BYTES:
        return f"{_title(task)}{percent}: {count.done}/{count.total or '?'}"
    pace = count.done / max(now - count.started, 0.001)
    whole = f" / {amounts.size(count.total)}" if count.total else ""
    return f"{_title(task)}{percent}: {amounts.size(count.done)}{whole}, {amounts.rate(pace)}"
