"""What every worker of one run shares: the client, the clock to stop by, and whom to tell."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

import httpx

from qtune.core.download.digest import Stopped
from qtune.core.progress import Progress
from qtune.core.secret import redact
from qtune.core.settings import Settings
from qtune.core.text import Text, language


@dataclass
class Line:
    client: httpx.Client
    settings: Settings
    progress: Progress
    stop: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _open: set[socket.socket] = field(default_factory=set)

    def say(self, text: Text) -> None:
        self.progress.say(redact(text.to(language(self.settings.text("QTUNE_LANG")))))

    def pause(self, seconds: float) -> None:
        if self.stop.wait(seconds):
            raise Stopped

    def check(self) -> None:
        if self.stop.is_set():
            raise Stopped

    @contextlib.contextmanager
    def streaming(self, response: httpx.Response) -> Iterator[None]:
        """While a body is read, so that `cut` can wake the thread that waits for it."""
        stream = response.extensions.get("network_stream")
        found = stream.get_extra_info("socket") if stream is not None else None
        if not isinstance(found, socket.socket):
            yield
            return
        with self._lock:
            self._open.add(found)
        try:
            self.check()
            yield
        finally:
            with self._lock:
                self._open.discard(found)

    def cut(self) -> None:
        """Every worker stops at its next step; those that wait for bytes are woken."""
        self.stop.set()
        with self._lock:
            for sock in self._open:
                with contextlib.suppress(OSError, ValueError):
                    # SSLSocket.shutdown would take the TLS state from under the reading thread.
                    socket.socket.shutdown(sock, socket.SHUT_RDWR)
