"""Bytes over a socket, plain or in TLS, each operation bounded by one deadline."""

from __future__ import annotations

import contextlib
import socket
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeVar

T = TypeVar("T")
_BLOCK = 65_536


class Ended(Exception):
    """A stage of the road failed: its kind, and a sentence. `stage` where it is not the one under way."""

    def __init__(self, kind: str, detail: str, stage: str = "") -> None:
        super().__init__(detail)
        self.kind = kind
        self.detail = detail
        self.stage = stage


@dataclass(frozen=True)
class Deadline:
    """`at` is of time.monotonic(); `seconds` is what was granted, to be named when it is over."""

    at: float
    seconds: float

    def left(self) -> float:
        """Seconds; raises TimeoutError when there are none."""
        left = self.at - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left

    def words(self) -> str:
        return f"within {self.seconds:.0f} s" if self.seconds >= 0.95 else "in time"


class Stream(Protocol):
    def receive(self, until: Deadline) -> bytes:
        """Some bytes, or b"" at the end."""

    def send(self, data: bytes, until: Deadline) -> None: ...

    def close(self) -> None: ...


class Plain:
    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock

    def receive(self, until: Deadline) -> bytes:
        self._sock.settimeout(until.left())
        return self._sock.recv(_BLOCK)

    def send(self, data: bytes, until: Deadline) -> None:
        self._sock.settimeout(until.left())
        self._sock.sendall(data)

    def close(self) -> None:
        self._sock.close()


class Tls:
    """TLS over any stream, so that it also goes through a proxy that is itself spoken to in TLS."""

    def __init__(self, below: Stream, context: ssl.SSLContext, host: str) -> None:
        self._below = below
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=host)

    def handshake(self, until: Deadline) -> None:
        self._pump(self._tls.do_handshake, until)

    def certificate(self) -> bytes:
        """The other side's own, in DER."""
        return self._tls.getpeercert(binary_form=True) or b""

    def receive(self, until: Deadline) -> bytes:
        try:
            return self._pump(lambda: self._tls.read(_BLOCK), until)
        except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
            return b""

    def send(self, data: bytes, until: Deadline) -> None:
        self._pump(lambda: self._tls.write(data), until)

    def close(self) -> None:
        self._below.close()

    def _pump(self, act: Callable[[], T], until: Deadline) -> T:
        while True:
            try:
                result = act()
            except ssl.SSLWantReadError:
                self._flush(until)
                data = self._below.receive(until)
                if data:
                    self._incoming.write(data)
                else:
                    self._incoming.write_eof()
                continue
            except ssl.SSLError:
                with contextlib.suppress(OSError):
                    self._flush(until)  # the alert that says why we hang up
                raise
            self._flush(until)
            return result

    def _flush(self, until: Deadline) -> None:
        data = self._outgoing.read()
        if data:
            self._below.send(data, until)
