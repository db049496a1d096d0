"""Progress is told to an observer that is handed in; nobody below the command line prints."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """What a long operation tells. Every method may be called from any thread."""

    def start(self, task: str, total: int | None) -> None:
        """A task begins; `total` in the task's own unit (bytes, steps), None when unknown."""

    def advance(self, task: str, amount: int) -> None:
        """`amount` more is done (negative when something had to be taken back)."""

    def finish(self, task: str) -> None:
        """The task is over, well or not."""

    def say(self, line: str) -> None:
        """One line worth keeping in a log, already in the user's language and redacted."""


class Silent:
    """The default observer."""

    def start(self, task: str, total: int | None) -> None: ...

    def advance(self, task: str, amount: int) -> None: ...

    def finish(self, task: str) -> None: ...

    def say(self, line: str) -> None: ...


SILENT: Progress = Silent()
