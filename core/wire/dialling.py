"""From addresses to one open connection: tried in the manner of RFC 8305, so that a dead one costs a moment."""

from __future__ import annotations

import errno
import os
import selectors
import socket
import time
from collections import deque
from collections.abc import Sequence

from qtune.core.wire.streams import Ended

HEAD_START = 0.25  # seconds before the next address joins the race
_UNDER_WAY = {0, errno.EINPROGRESS, errno.EWOULDBLOCK, errno.EINTR, errno.EALREADY, 10035}


def dial(addresses: Sequence[str], port: int, each_s: float) -> socket.socket:
    """The first address that lets us in, each being given `each_s` seconds; the others are hung up on.

    Raises Ended: timeout, refused, reset, unreachable. The socket that comes back does not block.
    """
    race = _Race(port, each_s)
    try:
        return race.run(deque(addresses))
    finally:
        race.close()


class _Race:
    def __init__(self, port: int, each_s: float) -> None:
        self._port, self._each_s = port, each_s
        self._selector = selectors.DefaultSelector()
        self._ends: dict[socket.socket, float] = {}
        self._names: dict[socket.socket, str] = {}
        self._failures: list[tuple[str, OSError]] = []

    def run(self, waiting: deque[str]) -> socket.socket:
        next_at = 0.0
        while waiting or self._ends:
            now = time.monotonic()
            if waiting and (now >= next_at or not self._ends):
                next_at = now + HEAD_START if self._begin(waiting.popleft()) else now
                continue
            until = min([*self._ends.values(), *([next_at] if waiting else [])])
            for key, _ in self._selector.select(max(0.0, until - now)):
                sock = key.fileobj
                assert isinstance(sock, socket.socket)
                code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                if not code:
                    self._leave(sock)
                    return sock
                self._fail(sock, OSError(code, os.strerror(code)))
                next_at = 0.0  # no reason to wait for the next one any more
            self._expire()
        raise _all_failed(self._failures)

    def close(self) -> None:
        for sock in list(self._ends):
            self._leave(sock)
            sock.close()
        self._selector.close()

    def _begin(self, address: str) -> bool:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        try:
            sock = _connecting(family, address, self._port)
        except OSError as error:
            self._failures.append((address, error))
            return False
        self._selector.register(sock, selectors.EVENT_WRITE)
        self._ends[sock], self._names[sock] = time.monotonic() + self._each_s, address
        return True

    def _expire(self) -> None:
        now = time.monotonic()
        for sock in [sock for sock, end in self._ends.items() if end <= now]:
            self._fail(sock, TimeoutError())

    def _fail(self, sock: socket.socket, error: OSError) -> None:
        self._failures.append((self._names[sock], error))
        self._leave(sock)
        sock.close()

    def _leave(self, sock: socket.socket) -> None:
        self._selector.unregister(sock)
        del self._ends[sock], self._names[sock]


def _connecting(family: int, address: str, port: int) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        code = sock.connect_ex((address, port))
        if code not in _UNDER_WAY:
            raise OSError(code, os.strerror(code))
    except BaseException:  # a port too great is an OverflowError
        sock.close()
        raise
    return sock


def _all_failed(failures: Sequence[tuple[str, OSError]]) -> Ended:
    told = [failure(address, error) for address, error in failures]
    # What one address tells by refusing says more than another's missing route.
    kind = next((kind for kind, _ in told if kind != "unreachable"), "unreachable")
    return Ended(kind, "; ".join(words for _, words in told[:3]))


def failure(address: str, error: OSError) -> tuple[str, str]:
    """Its kind, and a few words."""
    kind = kind_of(error) or "unreachable"
    said = "no answer" if kind == "timeout" else error.strerror or kind
    return kind, f"{address}: {said.lower()}"


def kind_of(error: BaseException) -> str:
    """timeout, refused, reset or unreachable; "" for what is none of these."""
    if isinstance(error, TimeoutError):
        return "timeout"
    if isinstance(error, ConnectionRefusedError):
        return "refused"
    if isinstance(error, ConnectionError):
        return "reset"
    unreachable = (errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EADDRNOTAVAIL, errno.ENETDOWN)
    if isinstance(error, OSError) and error.errno in unreachable:
        return "unreachable"
    return ""
