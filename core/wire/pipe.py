"""Bytes both ways over an open road, each step within so many seconds, into the memory that the caller gives."""

from __future__ import annotations

import contextlib
import select
import socket
import ssl
import sys
import threading
import time
from typing import Protocol

from qtune.core.wire.streams import Deadline, Stream

MOST_GATHERED = 1 << 20  # bytes
GATHER_S = 0.005  # longer would let the window of a far sender run full: it then waits for us, every round trip
_NOTHING_YET = (BlockingIOError, ssl.SSLWantReadError)
_RCVLOWAT: int | None = getattr(socket, "SO_RCVLOWAT", None)
if sys.platform == "win32":  # it names the option and does not have it
    _RCVLOWAT = None


class Pipe(Protocol):
    def receive_into(self, view: memoryview, timeout_s: float, *, gather: bool = False) -> int:
        """0 at the end. Raises TimeoutError, after which it may be tried again, and OSError.

        `gather`: so many bytes will come, and none of them is urgent.
        """

    def send(self, data: bytes, timeout_s: float) -> None: ...

    def abort(self) -> None:
        """From any thread: whoever reads or writes is woken."""

    def close(self) -> None: ...


class SocketPipe:
    """Over a socket or a TLS socket, which it makes non-blocking and owns from now on.

    Who gathers is not woken for every packet, but when about as much came as there is room for, or GATHER_S
    went by: that saves a quarter to a half of the CPU (docs/decisions/data-path.md).
    """

    def __init__(self, sock: socket.socket) -> None:
        sock.setblocking(False)
        self._sock = sock
        self._secure = isinstance(sock, ssl.SSLSocket)
        self._low = 1  # bytes, as the kernel has it now
        self._lock = threading.Lock()

    def receive_into(self, view: memoryview, timeout_s: float, *, gather: bool = False) -> int:
        until = time.monotonic() + timeout_s
        if not self._secure:  # TLS may hold bytes back that no socket would tell of
            self._gather(view, until, gather)
        while True:
            try:
                got = self._sock.recv_into(view)
                return self._more(view, got) if self._secure and got else got
            except _NOTHING_YET:
                self._await(1, until)
                self._gather(view, until, gather)
            except ssl.SSLWantWriteError:
                wait(self._sock, until, write=True)
            except ssl.SSLZeroReturnError:
                return 0

    def _gather(self, view: memoryview, until: float, gather: bool) -> None:
        if gather:
            # Half of the room with TLS, whose own bytes count too: more may never come.
            room = len(view) // 2 if self._secure else len(view)
            with contextlib.suppress(TimeoutError):
                self._await(min(MOST_GATHERED, room) or 1, min(until, time.monotonic() + GATHER_S))

    def _await(self, low: int, until: float) -> None:
        if low != self._low and _RCVLOWAT is not None:
            with contextlib.suppress(OSError):
                self._sock.setsockopt(socket.SOL_SOCKET, _RCVLOWAT, low)
            self._low = low
        wait(self._sock, until, write=False)

    def _more(self, view: memoryview, got: int) -> int:
        """TLS gives one record of 16 KiB at a time: go on while there are any."""
        # What is wrong now will still be wrong when the next call finds nothing before it.
        with contextlib.suppress(OSError):
            while got < len(view):
                more = self._sock.recv_into(view[got:])
                if not more:
                    break
                got += more
        return got

    def send(self, data: bytes, timeout_s: float) -> None:
        until, left = time.monotonic() + timeout_s, memoryview(data)
        while left:
            try:
                left = left[self._sock.send(left) :]
            except ssl.SSLWantReadError:
                wait(self._sock, until, write=False)
            except (BlockingIOError, ssl.SSLWantWriteError):
                wait(self._sock, until, write=True)

    def abort(self) -> None:
        with self._lock, contextlib.suppress(OSError, ValueError):
            # SSLSocket.shutdown would take the TLS state from under the reading thread.
            socket.socket.shutdown(self._sock, socket.SHUT_RDWR)

    def close(self) -> None:
        with self._lock:
            self._sock.close()


class StreamPipe:
    """Over a stream: slower, and able to go through a proxy that is itself spoken to in TLS."""

    def __init__(self, stream: Stream, below: socket.socket) -> None:
        self._stream, self._below = stream, below
        self._rest = b""
        self._lock = threading.Lock()

    def receive_into(self, view: memoryview, timeout_s: float, *, gather: bool = False) -> int:
        data = self._rest or self._stream.receive(_within(timeout_s))
        size = min(len(data), len(view))
        view[:size], self._rest = data[:size], data[size:]
        return size

    def send(self, data: bytes, timeout_s: float) -> None:
        self._stream.send(data, _within(timeout_s))

    def abort(self) -> None:
        with self._lock, contextlib.suppress(OSError):
            self._below.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        with self._lock:
            self._stream.close()


def secured(
    sock: socket.socket, context: ssl.SSLContext, host: str, timeout_s: float
) -> ssl.SSLSocket:
    """TLS with `host` on an open socket. Raises TimeoutError, ssl.SSLError and OSError; closes `sock` then.

    The handshake does not block: truststore's context lets one at a time through while it does.
    """
    until = time.monotonic() + timeout_s
    sock.setblocking(False)
    tls: socket.socket = sock
    try:
        tls = wrapped = context.wrap_socket(
            sock, server_hostname=host, do_handshake_on_connect=False
        )
        while True:
            try:
                wrapped.do_handshake()
                return wrapped
            except ssl.SSLWantReadError:
                wait(wrapped, until, write=False)
            except ssl.SSLWantWriteError:
                wait(wrapped, until, write=True)
    except BaseException:
        tls.close()
        raise


def wait(sock: socket.socket, until: float, *, write: bool) -> None:
    """Until it may be read from or written to. Raises TimeoutError at `until` (of time.monotonic())."""
    seconds = until - time.monotonic()
    if seconds <= 0:
        raise TimeoutError
    if hasattr(select, "poll"):
        poll = select.poll()
        poll.register(sock, select.POLLOUT if write else select.POLLIN)
        ready = bool(poll.poll(seconds * 1000))
    else:  # Windows, whose select() takes any socket, and names a failed one in the third list
        ready = any(
            select.select([] if write else [sock], [sock] if write else [], [sock], seconds)
        )
    if not ready:
        raise TimeoutError


def _within(seconds: float) -> Deadline:
    return Deadline(time.monotonic() + seconds, seconds)
