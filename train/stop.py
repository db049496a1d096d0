"""Being asked to stop: during training a checkpoint is saved first, at any other time at once."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Interrupted(BaseException):
    """Not an Exception, so that no library takes it for an error of its own."""

    def __init__(self, signal: int) -> None:
        super().__init__(signal)
        self.exit_code = 128 + signal


class Stop:
    """`signal` is the first of SIGINT and SIGTERM that came, or None."""

    def __init__(self) -> None:
        self.signal: int | None = None
        self.training = False

    def listen(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._hear)

    def _hear(self, number: int, frame: FrameType | None) -> None:
        if self.signal is not None:
            os._exit(128 + number)  # asked twice; what is on the disk is whole at any moment
        self.signal = number
        if not self.training:
            raise Interrupted(number)

    def end_with(self, descriptor: int) -> None:
        """Stop when the other end of a pipe is closed: the parent is gone."""

        def wait() -> None:
            while os.read(descriptor, 1024):
                pass
            if self.signal is None:
                signal.raise_signal(signal.SIGTERM)

        threading.Thread(target=wait, daemon=True).start()

    @contextmanager
    def while_training(self) -> Iterator[None]:
        """Inside, the trainer looks at `signal` after each step; raises Interrupted at the end."""
        self.training = True
        try:
            yield
        finally:
            self.training = False
        if self.signal is not None:
            raise Interrupted(self.signal)
