"""The large-file host where there is no nginx: a thread per connection, sendfile, nginx's log in our format."""

from __future__ import annotations

import contextlib
import os
import re
import socket
import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

REQUEST = re.compile(rb"(GET|HEAD) \S*/([0-9a-f]{64})(?:\?\S*)? HTTP/1\.1\r\n")
RANGE = re.compile(rb"(?i)\r\nrange: *bytes=(\d+)-(\d*)\r\n")
MAX_HEAD = 64 * 1024


@contextlib.contextmanager
def running(sockets: Iterable[socket.socket], folder: Path) -> Iterator[None]:
    """Serves `folder`/large by sha256; a line in `folder`/sent.log for each answer that had a body."""
    log = os.open(folder / "sent.log", os.O_CREAT | os.O_APPEND | os.O_WRONLY)
    ended = threading.Event()
    acceptors = []
    for server in sockets:
        server.settimeout(0.1)
        acceptors.append(threading.Thread(target=_accept, args=(server, folder, log, ended)))
    try:
        for thread in acceptors:
            thread.start()
        yield
    finally:
        ended.set()
        for thread in acceptors:
            thread.join()
        os.close(log)


def _accept(server: socket.socket, folder: Path, log: int, ended: threading.Event) -> None:
    connections: list[tuple[threading.Thread, socket.socket]] = []
    while not ended.is_set():
        with contextlib.suppress(TimeoutError):
            connection, _ = server.accept()
            thread = threading.Thread(target=_serve, args=(connection, folder / "large", log))
            connections.append((thread, connection))
            thread.start()
    for thread, connection in connections:
        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)
        thread.join()


def _serve(connection: socket.socket, files: Path, log: int) -> None:
    """Until the client goes away, one request after the other."""
    held = b""
    with connection, contextlib.suppress(OSError):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while True:
            while b"\r\n\r\n" not in held:
                more = connection.recv(MAX_HEAD)
                if not more or len(held) > MAX_HEAD:
                    return
                held += more
            head, _, held = held.partition(b"\r\n\r\n")
            _answer(connection, head + b"\r\n", files, log)


def _answer(connection: socket.socket, head: bytes, files: Path, log: int) -> None:
    began, request, wanted = time.time(), REQUEST.match(head), RANGE.search(head)
    path = files / request[2].decode() if request else files / "none"
    if request is None or not path.exists():
        connection.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
        return
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        start, stop, status = 0, size, b"200 OK"
        if wanted is not None:
            start, stop = int(wanted[1]), min(int(wanted[2] or size) + 1, size)
            status = b"206 Partial Content"
        if start >= stop:
            start = stop = 0
            status = b"416 Range Not Satisfiable"
        place = b"Content-Range: bytes %d-%d/%d\r\n" % (start, stop - 1, size)
        connection.sendall(
            b"HTTP/1.1 %s\r\nAccept-Ranges: bytes\r\nContent-Type: application/octet-stream\r\n"
            b'ETag: "%s"\r\nContent-Length: %d\r\n%s\r\n'
            % (status, request[2], stop - start, place if b"206" in status else b"")
        )
        sent = 0
        try:
            while request[1] == b"GET" and start + sent < stop:
                count = min(stop - start - sent, 1 << 20)
                sent += os.sendfile(connection.fileno(), file.fileno(), start + sent, count)
        finally:
            now = time.time()
            if sent:
                os.write(log, b"%d %.3f %.3f\n" % (sent, now, now - began))
