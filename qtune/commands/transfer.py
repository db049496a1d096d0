"""Who watches a download: a person at a terminal, a log, a program, or nobody."""

from __future__ import annotations

import contextlib
import re
import sys
import threading
from collections.abc import Iterator
from typing import Literal

from qtune import boundary
from qtune.commands import transferwords as words
from qtune.core.download.events import Event, Tell, nobody

Form = Literal["text", "json"]


@contextlib.contextmanager
def watching(quiet: bool = False, form: Form = "text", *, asking: bool = True) -> Iterator[Tell]:
    """An observer for as long as the block lasts. When the snapshot is whole, its summary goes to stderr.
    `asking`: a hub is asked first.

    ^C and SIGTERM leave with the command that goes on.
    """
    try:
        if form == "json":
            from qtune.commands.transferjson import Stream

            stream = Stream(sys.stdout)
            try:
                yield stream
            except BaseException:
                with contextlib.suppress(OSError):
                    stream.end()
                raise
            stream.end()
        elif quiet:
            yield nobody
        else:
            with _telling(asking) as tell:
                yield tell
    except KeyboardInterrupt:
        raise KeyboardInterrupt(words.kept()) from None
    except boundary.Terminated:
        raise boundary.Terminated(words.kept()) from None


@contextlib.contextmanager
def _telling(asking: bool) -> Iterator[Tell]:
    from qtune.commands.transfersummary import Summary

    summary = Summary()
    over = threading.Event()
    with contextlib.ExitStack() as stack:
        watcher, width = _watcher(stack, asking)
        stack.callback(over.set)

        def tell(event: Event) -> None:
            if not over.is_set():  # a thread that hangs may tell late
                summary(event)
                watcher(event)

        yield tell
    for line in summary.lines():
        print(_wrapped(line, width) if width else line, file=sys.stderr)


def _watcher(stack: contextlib.ExitStack, asking: bool) -> tuple[Tell, int]:
    """A screen and its width, or a log, which has none and for which nothing that draws is imported."""
    # FORCE_COLOR makes a log look like a terminal to rich; only a real one can take a line back.
    if sys.stderr.isatty():
        from qtune.commands.console import progress

        console = progress()
        if not console.is_dumb_terminal:
            from qtune.commands.transferscreen import Screen

            return stack.enter_context(Screen(console, asking=asking)), console.width
    from qtune.commands.transferlog import Log

    return Log(sys.stderr), 0


def _wrapped(line: str, width: int) -> str:
    """Between its parts where that can be: `10.0 MB/s` is not torn apart."""
    from rich.cells import cell_len

    from qtune.doctor.report.layout import WIDEST_TEXT, wrap

    room = min(width, WIDEST_TEXT) - 2
    told = [""]
    for part in re.split("(?<=, )|(?<=，)", line):
        if told[-1] and cell_len((told[-1] + part).rstrip()) > room:
            told.append("")
        told[-1] += part
    return "\n  ".join(wrapped for part in told for wrapped in wrap(part, room))
