"""A child process that serves files of Xet's store on loopback as plain ranges, and that can be killed.

Run by its path, and imports nothing of qtune: it must be quick to start. Its first line on stdin is a job in
JSON, each later one a newer token for it; when stdin ends, so does it. On stdout it writes JSON lines: `port`
once, then `bytes` sent so far, `expires` of a newer token that it uses, or `failed` and why. The store's client
is Rust: a thread of it that waits cannot be stopped, a process can.
"""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, BinaryIO, NamedTuple

SMALLEST, LARGEST = 512 << 10, 4 << 20  # bytes asked of the store at a time
QUICK_S = 0.75  # a part that took less is followed by one of twice its size
MOST_HEAD = 16 << 10
EVERY_S = 0.1


class Store:
    """The files of one repository, for the bearer of one short-lived token."""

    def __init__(self, job: dict[str, Any]) -> None:
        import hf_xet  # type: ignore[import-untyped]

        self._xet = hf_xet
        self._session = hf_xet.XetSession()
        self._amount = SMALLEST
        self.renew(job)

    def renew(self, job: dict[str, Any]) -> None:
        """What is asked from now on is asked with this token."""
        self._group = self._session.new_download_stream_group(
            endpoint=job["cas"], token=job["token"], token_expiry_unix_secs=job["expires"]
        )

    def parts(self, name: str, size: int, start: int, end: int) -> Iterator[bytes]:
        """Bytes `start` to `end` of a file, in order, asked for one step ahead.

        Nothing comes of a step before all of it is there. Raises whatever hf_xet raises, and EOFError.
        """
        info = self._xet.XetFileInfo(name, size)
        ahead: deque[Later] = deque()
        while start < end or ahead:
            while start < end and len(ahead) < 2:
                stop = min(end, start + self._amount)
                ahead.append(Later(partial(self._step, info, start, stop)))
                start = stop
            yield from ahead.popleft().result()

    def _step(self, info: Any, start: int, end: int) -> list[bytes]:
        """Its stream ends early, and in silence, where it cannot reach the store: somebody has to count."""
        began = time.monotonic()
        parts = list(self._group.download_stream(info, start=start, end=end))
        missing = end - start - sum(map(len, parts))
        if missing:
            raise EOFError(f"the store's stream ended {missing} bytes early")
        if time.monotonic() - began < QUICK_S:
            self._amount = min(LARGEST, max(self._amount, 2 * (end - start)))
        return parts


class Later:
    """What `work` gives, from a thread of its own."""

    def __init__(self, work: Callable[[], list[bytes]]) -> None:
        self._work = work
        self._parts: list[bytes] = []
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._parts = self._work()
        except Exception as error:
            self._error = error

    def result(self) -> list[bytes]:
        self._thread.join()
        if self._error is not None:
            raise self._error
        return self._parts


class Wanted(NamedTuple):
    """Bytes `start` to `end` of a file of that hash and size; `whole`: no range was asked for."""

    name: str
    size: int
    start: int
    end: int
    whole: bool


class Told:
    """The parent's knowledge of how it goes."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sent = 0
        self._told_at = 0.0

    def say(self, **facts: Any) -> None:
        with self._lock:
            self._write(facts)

    def sent(self, amount: int) -> None:
        with self._lock:
            self._sent += amount
            if time.monotonic() - self._told_at > EVERY_S:
                self._told_at = time.monotonic()
                self._write({"bytes": self._sent})

    def rest(self) -> None:
        self.say(bytes=self._sent)

    @staticmethod
    def _write(facts: dict[str, Any]) -> None:
        sys.stdout.write(json.dumps(facts) + "\n")
        sys.stdout.flush()


def serve(job: dict[str, Any]) -> None:
    told = Told()
    try:
        store = Store(job)
    except (ImportError, AttributeError):
        told.say(failed="this version of hf_xet is not one that qtune can use")
        return
    except Exception as error:
        told.say(failed=_words(error))
        return
    threading.Thread(target=_obey, args=(store, told), daemon=True).start()
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        told.say(port=listener.getsockname()[1])
        while True:
            connection, _ = listener.accept()
            arguments = (connection, store, job["key"], told)
            threading.Thread(target=_converse, args=arguments, daemon=True).start()


def _converse(connection: socket.socket, store: Store, key: str, told: Told) -> None:
    """Requests for ranges, one after the other, until the other side goes or the store fails."""
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with connection, connection.makefile("rb") as reader:
        try:
            while (head := _head(reader)) is not None:
                wanted = _wanted(head, key)
                if wanted is None:
                    connection.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
                    continue
                _answer(connection, store, wanted, told)
        except OSError:
            pass  # the other side has what it needs, or is gone


def _answer(connection: socket.socket, store: Store, wanted: Wanted, told: Told) -> None:
    name, size, start, end, whole = wanted
    span = f"Content-Range: bytes {start}-{end - 1}/{size}\r\n"
    head = "HTTP/1.1 " + ("200 OK\r\n" if whole else f"206 Partial Content\r\n{span}")
    head += f"Content-Type: application/octet-stream\r\nContent-Length: {end - start}\r\n\r\n"
    connection.sendall(head.encode())
    parts = store.parts(name, size, start, end)
    while True:
        try:
            part = next(parts, None)
        except Exception as error:
            told.say(failed=_words(error))
            raise ConnectionAbortedError from error
        if part is None:
            told.rest()
            return
        connection.sendall(part)
        told.sent(len(part))


def _head(reader: BinaryIO) -> bytes | None:
    """A request's line and headers; None at the end of the connection."""
    lines: list[bytes] = []
    while line := reader.readline(MOST_HEAD):
        if line == b"\r\n":
            return b"".join(lines)
        lines.append(line)
        if sum(map(len, lines)) > MOST_HEAD:
            return None
    return None


def _wanted(head: bytes, key: str) -> Wanted | None:
    """None where the key is not ours."""
    line, _, headers = head.partition(b"\r\n")
    asked = re.fullmatch(rb"GET /([0-9a-f]+)/([0-9a-f]{64})/(\d+) HTTP/1\.1", line)
    if asked is None or asked[1].decode() != key:
        return None
    size = int(asked[3])
    part = re.search(rb"(?im)^range: *bytes=(\d+)-(\d*)\r$", headers)
    start = int(part[1]) if part else 0
    end = min(int(part[2]) + 1, size) if part and part[2] else size
    if start >= end:
        return None
    return Wanted(asked[2].decode(), size, start, end, part is None)


def _words(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"[:500]


def _obey(store: Store, told: Told) -> None:
    """Takes newer tokens, and ends with the parent."""
    try:
        for line in sys.stdin.buffer:
            job = json.loads(line)
            store.renew(job)
            told.say(expires=job["expires"])
    finally:
        os._exit(0)


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # ^C is the parent's: it ends this process
    serve(json.loads(sys.stdin.buffer.readline()))


if __name__ == "__main__":
    main()
