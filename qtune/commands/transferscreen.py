"""A download on a terminal: lines that are drawn anew in place and leave no trace; what is said stays above them."""

from __future__ import annotations

import math
import os
import threading
import time
from collections.abc import Callable, Mapping
from types import TracebackType

from rich.console import Console, Group
from rich.control import Control
from rich.live import Live
from rich.segment import ControlType
from rich.text import Text

from qtune.commands import transferwords as words
from qtune.commands.transferlayout import ASCII, UNICODE, checking, lines
from qtune.core.download.events import Checking, Event, FileStatus, Planned, Status
from qtune.doctor.report.layout import wrap
from qtune.speech import say

_DRAWN_EVERY_S = 0.1  # however often the engine tells
# Terminals that wrap what was drawn when they become narrower. Others cut it off.
_WRAPPING = (
    "TMUX", "VTE_VERSION", "TERM_PROGRAM", "KITTY_WINDOW_ID", "WT_SESSION", "KONSOLE_VERSION",
    "ALACRITTY_WINDOW_ID", "WEZTERM_PANE",
)  # fmt: skip


class Screen:
    """Told by any thread. Draws only when it is told something, so it costs nothing while nothing happens."""

    def __init__(
        self,
        console: Console,
        environ: Mapping[str, str] = os.environ,
        clock: Callable[[], float] = time.monotonic,
        *,
        asking: bool = True,
    ) -> None:
        """`asking`: a hub is asked first, which may take a while."""
        self._console = console
        self._asking = asking
        self._marks = UNICODE if console.encoding == "utf-8" else ASCII
        self._wraps = any(environ.get(name) for name in _WRAPPING)
        self._clock = clock
        self._words = words.Lines(clock)
        self._lock = threading.RLock()
        self._status: Status | None = None
        self._checking: Checking | None = None
        self._order: dict[str, None] = {}
        self._drawn_at = -math.inf
        self._drawn: list[int] = []  # cells of each line that stands on the terminal
        self._live = Live(
            console=console, transient=True, auto_refresh=False, redirect_stdout=False
        )

    def __enter__(self) -> Screen:
        self._live.start()
        self._draw()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._lock:
            self._live.stop()

    def __call__(self, event: Event) -> None:
        with self._lock:
            if not self._live.is_started:
                return
            kept = self._words.of(event)
            if kept is not None:
                self._make_room()
                for line in wrap(kept, self._console.width):
                    self._console.print(Text(line), soft_wrap=True)
            elif isinstance(event, Status):
                first = self._status is None
                self._status, self._checking = event, None
                if first or self._is_due():
                    self._draw()
            elif isinstance(event, Checking):
                self._checking = event
                if event.done in (0, event.total) or self._is_due():
                    self._draw()
            elif isinstance(event, Planned):
                self._checking = None
                self._draw()

    def _is_due(self) -> bool:
        return self._clock() - self._drawn_at >= _DRAWN_EVERY_S

    def _draw(self) -> None:
        self._make_room()
        shown = self._lines()
        self._drawn = [line.cell_len for line in shown]
        self._drawn_at = self._clock()
        self._live.update(Group(*shown), refresh=True)

    def _lines(self) -> list[Text]:
        width, height = self._console.size
        if self._checking is not None:
            return [checking(self._checking, width, self._marks)]
        if self._status is None:
            if not self._asking:
                return []
            begun = say("asking for the list of files", "正在获取文件清单") + self._marks.more
            return [Text(begun[:width], style="dim")]
        # The last row stays free: a terminal that is filled scrolls, and what scrolls cannot be taken back.
        return lines(self._status, self._files(), width, height - 1, self._marks)

    def _files(self) -> list[FileStatus]:
        """In the order in which they began, so that no line moves while its file is under way."""
        assert self._status is not None
        now = {file.path: file for file in self._status.under_way}
        self._order = dict.fromkeys([*(path for path in self._order if path in now), *now])
        return [now[path] for path in self._order]

    def _make_room(self) -> None:
        """After a terminal became narrower, the lines drawn before cover more rows than rich remembers."""
        width = max(1, self._console.width)
        extra = sum(max(0, math.ceil(cells / width) - 1) for cells in self._drawn)
        if not extra or not self._wraps:
            return
        up = (
            ControlType.CARRIAGE_RETURN,
            (ControlType.ERASE_IN_LINE, 2),
            (ControlType.CURSOR_UP, 1),
        )
        self._console.control(Control(*(up * min(extra, self._console.height))))
        self._drawn = []
