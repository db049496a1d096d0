"""What is being checked right now, on one line of stderr that disappears; nothing where nobody watches."""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Iterator

from qtune.commands.console import progress
from qtune.doctor.report.layout import shortened
from qtune.doctor.schedule import Observer
from qtune.speech import say


@contextlib.contextmanager
def watching(quiet: bool = False) -> Iterator[Observer]:
    console = progress()
    # FORCE_COLOR makes a log look like a terminal to rich; only a real one can take a line back.
    if quiet or not sys.stderr.isatty() or console.is_dumb_terminal:
        yield lambda check, finished: None
        return
    running: dict[str, None] = {}
    done: set[str] = set()
    lock = threading.Lock()
    spinner = "dots" if not console.legacy_windows and console.encoding == "utf-8" else "line"
    with console.status(say("looking", "正在检查"), spinner=spinner) as status:

        def observe(check: str, finished: bool) -> None:
            with lock:
                if finished:
                    running.pop(check, None)
                    done.add(check)
                else:
                    running[check] = None
                line = say(f"{len(done)} checked", f"已检查 {len(done)} 项")
                if running:
                    line += " · " + ", ".join(running)
            status.update(shortened(line, max(10, console.width - 4)))

        yield observe
