"""What everyone in one run shares: the settings, the client of the hubs, whom to tell, and when to stop."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import httpx

from qtune.core.download.digest import Stopped
from qtune.core.download.events import Said, Tell
from qtune.core.secret import redact
from qtune.core.settings import Settings
from qtune.core.text import Text


@dataclass
class Line:
    client: httpx.Client
    settings: Settings
    tell: Tell
    stop: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _wake: set[Callable[[], None]] = field(default_factory=set)

    def say(self, text: Text) -> None:
        self.tell(Said(Text(redact(text.en), redact(text.zh))))

    def pause(self, seconds: float) -> None:
        if self.stop.wait(seconds):
            raise Stopped

    def check(self) -> None:
        if self.stop.is_set():
            raise Stopped

    @contextlib.contextmanager
    def waking(self, wake: Callable[[], None]) -> Iterator[None]:
        """While somebody waits for bytes: `cut` calls `wake`, which may come from any thread."""
        with self._lock:
            self._wake.add(wake)
        try:
            self.check()
            yield
        finally:
            with self._lock:
                self._wake.discard(wake)

    def cut(self) -> None:
        """Every worker stops at its next step; those that wait for bytes are woken."""
        self.stop.set()
        with self._lock:
            waiting = list(self._wake)
        for wake in waiting:
            wake()
