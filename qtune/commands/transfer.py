"""Who watches a download: a person at a terminal, a log, a program, or nobody."""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Iterator
from typing import Literal

from qtune import boundary
from qtune.commands import transferwords as words
from qtune.core.download.events import Event, Tell, nobody

Form = Literal["text", "json"]


@contextlib.contextmanager
def watching(quiet: bool = False, form: Form = "text") -> Iterator[Tell]:
    """An observer for as long as the block lasts. When the snapshot is whole, its summary goes to stderr.

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
            with _telling() as tell:
                yield tell
    except KeyboardInterrupt:
        raise KeyboardInterrupt(words.kept()) from None
    except boundary.Terminated:
        raise boundary.Terminated(words.kept()) from None


@contextlib.contextmanager
def _telling() -> Iterator[Tell]:
    from qtune.commands.console import progress
    from qtune.commands.transferlog import Log
    from qtune.commands.transferscreen import Screen
    from qtune.commands.transfersummary import Summary
    from qtune.doctor.report.layout import WIDEST_TEXT, wrap

    console = progress()
    summary = Summary()
    with contextlib.ExitStack() as stack:
        # FORCE_COLOR makes a log look like a terminal to rich; only a real one can take a line back.
        real = sys.stderr.isatty() and not console.is_dumb_terminal
        shown: Tell = stack.enter_context(Screen(console)) if real else Log(sys.stderr)
        over = threading.Event()
        stack.callback(over.set)

        def tell(event: Event) -> None:
            if not over.is_set():  # a thread that hangs may tell late
                summary(event)
                shown(event)

        yield tell
    width = min(console.width, WIDEST_TEXT) if real else sys.maxsize
    for line in summary.lines():
        first, *rest = wrap(line, width - 2)
        print("\n  ".join([first, *rest]), file=sys.stderr)
