"""A conversation with the child that holds the model: what is asked, how the answer appears."""

from __future__ import annotations

import contextlib
import signal
import sys
from collections.abc import Callable, Iterable, Iterator
from types import FrameType
from typing import TYPE_CHECKING

from qtune.commands.answers import Columns, Plain, Screen
from qtune.commands.console import answer as stdout
from qtune.doctor.report.characters import clean
from qtune.speech import say
from qtune.train.after.events import Answered, Event, Loaded, Piece, Side
from qtune.train.after.launch import Child

if TYPE_CHECKING:
    from qtune.train.after.trained import Trained

WIDE = 100  # columns, from which on two answers stand side by side


class Conversation:
    """Each side has a history of its own: it goes on from what it said itself."""

    def __init__(self, child: Child, *, compare: bool, system: str, quiet: bool) -> None:
        self._child = child
        self._sides: tuple[Side, ...] = ("base", "tuned") if compare else ("tuned",)
        self._system = system
        self._quiet = quiet
        self._events: Iterator[Event] = iter(())
        self._history: dict[Side, list[dict[str, str]]] = {}
        self.reset()

    def reset(self) -> None:
        begun = [{"role": "system", "content": self._system}] if self._system else []
        self._history = {side: list(begun) for side in self._sides}

    def wait_until_loaded(self, trained: Trained) -> None:
        """Raises TrainError for a model that cannot be loaded."""
        self._events = self._child.events()
        self._tell(say(f"loading {trained.folder.name} …", f"正在载入 {trained.folder.name} ……"))
        for event in self._events:
            if isinstance(event, Loaded):
                return

    def in_terminal(self) -> None:
        """Until /exit, the end of input, or ^C at the prompt."""
        self._tell(
            say(
                "/reset begins anew, /exit leaves, Ctrl-C stops an answer",
                "/reset 重新开始，/exit 退出，Ctrl-C 打断回答",
            )
        )
        _with_history()
        while True:
            try:
                line = input("\n> ").strip()
            except (EOFError, KeyboardInterrupt):
                print()
                return
            if line in ("/exit", "/quit"):
                return
            if line == "/reset":
                self.reset()
                self._tell(say("a new conversation", "已重新开始"))
            elif line.startswith("/") and " " not in line:
                self._tell(say("there is /reset and /exit", "可用的命令：/reset、/exit"))
            elif line:
                with self._stoppable():
                    if not self._ask(line, self._screen()):
                        return

    def line_by_line(self, lines: Iterable[str]) -> None:
        """Each line is a question by itself; to stdout go the answers and nothing else."""
        for line in lines:
            if question := line.strip():
                self.reset()
                self._ask(question, Plain(sys.stdout, named=len(self._sides) > 1))

    def _screen(self) -> Screen:
        console = stdout()
        if len(self._sides) > 1 and console.width >= WIDE and not console.is_dumb_terminal:
            return Columns(console)
        return Plain(sys.stdout, named=len(self._sides) > 1, console=console)

    def _ask(self, question: str, screen: Screen) -> bool:
        """Whether to go on."""
        asked = {"role": "user", "content": question}
        with screen:
            for side in self._sides:
                messages = [*self._history[side], asked]
                self._child.send({"messages": messages, "side": side})
                said, over = self._hear(side, screen)
                if over is None:
                    return False
                if over.stopped == "full":
                    screen.note(_full())
                    continue
                self._history[side] = [*messages, {"role": "assistant", "content": said}]
                if over.stopped == "asked":
                    return True
        return True

    def _hear(self, side: Side, screen: Screen) -> tuple[str, Answered | None]:
        """What was answered, without its thoughts, and how that ended; None: the child is gone."""
        said = ""
        screen.begin(side)
        for event in self._events:
            if isinstance(event, Piece):
                screen.piece(clean(event.text), event.thinking)
                said += "" if event.thinking else event.text
            elif isinstance(event, Answered):
                screen.end(event)
                return said.strip(), event
        return said.strip(), None

    @contextlib.contextmanager
    def _stoppable(self) -> Iterator[None]:
        """Inside, the first ^C stops the answer, and the second leaves."""

        def stop(number: int, frame: FrameType | None) -> None:
            signal.signal(signal.SIGINT, before)
            self._child.send({"stop": True})

        before = signal.signal(signal.SIGINT, stop)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)

    def _tell(self, line: str) -> None:
        if not self._quiet:
            print(line, file=sys.stderr)


def _full() -> str:
    return say(
        "The conversation is longer than what the model can read: /reset begins anew.",
        "对话已超出模型能读的长度：请用 /reset 重新开始。",
    )


def _with_history() -> None:
    """Arrow keys and the lines of before, where the system has readline."""
    with contextlib.suppress(ImportError):
        import readline  # noqa: F401


def noise(verbose: bool) -> Callable[[str], None]:
    from qtune.core.secret import redact

    def tell(line: str) -> None:
        if verbose:
            print(clean(redact(line)), file=sys.stderr)

    return tell
