"""A host that gives so many bytes a second in total, over however many connections: for the `two` profile."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator

BLOCK = 64 * 1024


class Bucket:
    """One allowance for all connections; nothing is saved up while nobody asks."""

    def __init__(self, bytes_per_second: float) -> None:
        self._rate = bytes_per_second
        self._lock = threading.Lock()
        self._due = 0.0

    def take(self, amount: int) -> None:
        with self._lock:
            self._due = max(self._due, time.monotonic()) + amount / self._rate
            wait = self._due - time.monotonic()
        if wait > 0:
            time.sleep(wait)


@contextlib.contextmanager
def metered(target: tuple[str, int], bytes_per_second: float) -> Iterator[tuple[str, int]]:
    """The address in front of `target`; what comes back from there is metered."""
    bucket = Bucket(bytes_per_second)
    with socket.create_server((target[0], 0), backlog=256) as server:
        address: tuple[str, int] = server.getsockname()
        threading.Thread(target=_accept, args=(server, target, bucket), daemon=True).start()
        try:
            yield address
        finally:
            server.shutdown(socket.SHUT_RDWR)  # wakes accept()


def _accept(server: socket.socket, target: tuple[str, int], bucket: Bucket) -> None:
    while True:
        try:
            client, _ = server.accept()
            host = socket.create_connection(target)
        except OSError:
            return
        threading.Thread(target=_copy, args=(client, host, None), daemon=True).start()
        threading.Thread(target=_copy, args=(host, client, bucket), daemon=True).start()


def _copy(source: socket.socket, sink: socket.socket, bucket: Bucket | None) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(BLOCK):
            if bucket is not None:
                bucket.take(len(data))
            sink.sendall(data)
    for end in (source, sink):
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
    if bucket is not None:  # one of the two closes; by now the other one has been woken
        source.close()
        sink.close()
