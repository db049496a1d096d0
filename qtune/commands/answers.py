"""How answers appear while they are written: one below the other, or two side by side."""

from __future__ import annotations

import contextlib
from types import TracebackType
from typing import Protocol, Self, TextIO

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from qtune.speech import say
from qtune.train.after.events import Answered, Side


class Screen(Protocol):
    """Shows the answers to one question, for as long as the block."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

    def begin(self, side: Side) -> None: ...

    def piece(self, text: str, thinking: bool) -> None: ...

    def end(self, answered: Answered) -> None: ...

    def note(self, line: str) -> None: ...


def title(side: Side) -> str:
    return say("base", "基座") if side == "base" else say("tuned", "微调后")


def closing(answered: Answered) -> str:
    """How fast it came, and why it ended if the model did not end it."""
    pace = answered.tokens / answered.seconds if answered.seconds > 0 else 0.0
    told = [say(f"{answered.tokens} tokens", f"{answered.tokens} 个词元"), f"{pace:.0f}/s"]
    if answered.stopped == "length":
        told.append(say("cut at --max-new-tokens", "已到 --max-new-tokens 上限"))
    elif answered.stopped == "asked":
        told.append(say("stopped", "已打断"))
    return " · ".join(told)


class Plain:
    """Streams into `out`. Thoughts are dimmed where `console` has colours, and left out of a pipe."""

    def __init__(self, out: TextIO, *, named: bool, console: Console | None = None) -> None:
        self._out = out
        self._named = named
        self._console = console
        self._colors = console is not None and console.color_system is not None
        self._dim = False
        self._empty = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._dimmed(False)
        self._out.flush()

    def begin(self, side: Side) -> None:
        self._empty = True
        if not self._named:
            return
        if self._console is None:
            self._out.write(f"{title(side)}: ")
        else:
            self._out.write(self._styled(f"\n{title(side)}", "1") + "\n")

    def piece(self, text: str, thinking: bool) -> None:
        if thinking and self._console is None:
            return
        if self._empty:
            text = text.lstrip("\n")
        if thinking != self._dim:
            self._dimmed(thinking)
        if self._console is None:
            text = text.replace("\n", "\\n")  # one line is one answer
        self._out.write(text)
        self._out.flush()
        self._empty = self._empty and not text

    def end(self, answered: Answered) -> None:
        self._dimmed(False)
        self._out.write("\n")
        if self._console is not None:
            self._out.write(self._styled(closing(answered), "2") + "\n")
        self._out.flush()

    def note(self, line: str) -> None:
        self._out.write(line + "\n")

    def _dimmed(self, dim: bool) -> None:
        if self._colors and dim != self._dim:
            self._out.write("\x1b[2m" if dim else "\x1b[22m")
        self._dim = dim

    def _styled(self, text: str, code: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self._colors else text


class Columns:
    """The base's answer on the left, the tuned one's on the right; both stay when they are done."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._texts: dict[Side, Text] = {"base": Text(), "tuned": Text()}
        self._ends: dict[Side, str] = {}
        self._side: Side = "base"
        self._notes: list[str] = []
        self._live = Live(console=console, auto_refresh=False, transient=True)

    def __enter__(self) -> Self:
        self._live.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(BrokenPipeError):
            self._live.__exit__(None, None, None)
            self._console.print(self._table())
            for line in self._notes:
                self._console.print(line)

    def begin(self, side: Side) -> None:
        self._side = side

    def piece(self, text: str, thinking: bool) -> None:
        shown = self._texts[self._side]
        if not shown.plain:
            text = text.lstrip("\n")
        shown.append(text, style="dim" if thinking else "")
        self._live.update(self._last_lines(), refresh=True)

    def end(self, answered: Answered) -> None:
        self._ends[self._side] = closing(answered)
        self._live.update(self._last_lines(), refresh=True)

    def note(self, line: str) -> None:
        self._notes.append(line)

    def _table(self, texts: dict[Side, Text] | None = None) -> Table:
        shown = self._texts if texts is None else texts
        table = Table.grid(expand=True, padding=(0, 2))
        for _ in shown:
            table.add_column(ratio=1, overflow="fold")
        table.add_row(*(Text(title(side), style="bold") for side in shown))
        table.add_row(*shown.values())
        table.add_row(*(Text(self._ends.get(side, ""), style="dim") for side in shown))
        return table

    def _last_lines(self) -> Table:
        """What fits on the screen while it is written: a longer one could not be drawn over."""
        width, room = self._console.width // 2 - 2, max(self._console.height - 5, 3)
        cut = {
            side: Text("\n").join(text.wrap(self._console, width)[-room:])
            for side, text in self._texts.items()
        }
        return self._table(cut)
