"""Being asked to stop: during training a checkpoint is saved first, at any other time at once."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

# Slurm and systemd signal a whole group of processes; the parent passes its own signal on as well.
SAME = 1.0


class Interrupted(BaseException):
    """Not an Exception, so that no library takes it for an error of its own."""

    def __init__(self, signal: int) -> None:
        super().__init__(signal)
        self.exit_code = 128 + signal


class Stop:
    """`signal` is the first of SIGINT and SIGTERM that came, or None.

    `agree` makes one of what each rank heard: all of them must stop at the same step. None: alone.
    """

    def __init__(self) -> None:
        self.signal: int | None = None
        self.training = False
        self.heard = 0.0
        self.agree: Callable[[int | None], int | None] | None = None
        self._agreed: int | None = None

    def listen(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._hear)

    def _hear(self, number: int, frame: FrameType | None) -> None:
        now = time.monotonic()
        if self.signal is not None:
            if now - self.heard < SAME:
                return
            os._exit(128 + number)  # asked twice; what is on the disk is whole at any moment
        self.signal = number
        self.heard = now
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

    def end_with_parent(self) -> None:
        """Stop when the parent process is gone, though its pipe is held open by another."""
        parent = os.getppid()

        def wait() -> None:
            while os.getppid() == parent:
                time.sleep(1)
            if self.signal is None:
                signal.raise_signal(signal.SIGTERM)

        threading.Thread(target=wait, daemon=True).start()

    def asked(self) -> bool:
        """At the end of a step: is this the last one, by what any of the ranks heard?"""
        if self.agree is not None:
            self.signal = self._agreed = self.agree(self.signal)
        return self.signal is not None

    @property
    def known(self) -> int | None:
        """The signal that every rank knows of."""
        return self.signal if self.agree is None else self._agreed

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
