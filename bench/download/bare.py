"""The least that a client in Python can do and still verify: what it takes is this machine's ceiling.

    python -m bench.download.bare CONNECTIONS FOLDER FILES [CA_FILE]

It is told every path, address, size and sha256, and follows the addresses' one redirect. There is no listing, no
settings, no second try, no journal, no store and no progress: one thread receives and writes, two hash, and each file is
synced before it counts.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import selectors
import socket
import ssl
import sys
import threading
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urljoin, urlsplit

PIECE, BLOCK = 4 << 20, 1 << 20
HASHERS = 2


@dataclass(eq=False)
class File:
    address: str
    size: int
    sha256: str
    fd: int
    missing: set[int] = field(default_factory=set)  # pieces, by their number
    came: threading.Condition = field(default_factory=threading.Condition)


@dataclass(eq=False)
class Reading:
    """A connection, and the piece it is at."""

    sock: socket.socket
    file: File
    at: int
    end: int
    in_body: bool = False


def main() -> None:
    connections, folder = int(sys.argv[1]), Path(sys.argv[2])
    trust = ssl.create_default_context(cafile=sys.argv[4]) if len(sys.argv) > 4 else None
    files = []
    for name, address, size, sha256 in json.loads(Path(sys.argv[3]).read_text()):
        fd = os.open(folder / name, os.O_RDWR | os.O_CREAT)
        where, body = _get(address, trust)
        os.write(fd, body)
        os.ftruncate(fd, size)
        missing = set(range(-(-size // PIECE))) if where != address else set()
        files.append(File(where, size, sha256, fd, missing))
    jobs = deque(files)
    hashers = [threading.Thread(target=_verify, args=(jobs,)) for _ in range(HASHERS)]
    for hasher in hashers:
        hasher.start()
    _receive([file for file in files if file.missing], connections, trust)
    for hasher in hashers:
        hasher.join()


def _get(address: str, trust: ssl.SSLContext | None) -> tuple[str, bytes]:
    """Where it leads; its body, unless that is on another host."""
    parts = urlsplit(address)
    host = parts.hostname or ""
    connection = (
        http.client.HTTPSConnection(host, parts.port, context=trust)
        if trust
        else http.client.HTTPConnection(host, parts.port)
    )
    connection.request("GET", parts.path)
    answer = connection.getresponse()
    target = answer.headers.get("Location")
    body = answer.read()
    connection.close()
    if target is None:
        return address, body
    target = urljoin(address, target)
    if urlsplit(target).netloc != parts.netloc:
        return target, b""
    return address, _get(target, trust)[1]


def _receive(files: list[File], connections: int, trust: ssl.SSLContext | None) -> None:
    pieces = deque((file, at) for file in files for at in range(0, file.size, PIECE))
    selector, block = selectors.DefaultSelector(), memoryview(bytearray(BLOCK))
    ready = set()
    for _ in range(min(connections, len(pieces))):
        file, at = pieces.popleft()
        where = urlsplit(file.address)
        sock: socket.socket = socket.create_connection((where.hostname, where.port))
        sock = trust.wrap_socket(sock, server_hostname=where.hostname) if trust else sock
        sock.setblocking(False)
        reading = Reading(sock, file, at, min(at + PIECE, file.size))
        _ask(reading)
        selector.register(sock, selectors.EVENT_READ, reading)
    while selector.get_map():
        now = {key.data for key, _ in selector.select(0 if ready else None)} | ready
        ready = set()
        for reading in now:
            if not _step(reading, block):
                if isinstance(reading.sock, ssl.SSLSocket) and reading.sock.pending():
                    ready.add(reading)
            elif pieces:
                reading.file, reading.at = pieces.popleft()
                reading.end = min(reading.at + PIECE, reading.file.size)
                reading.in_body = False
                _ask(reading)
            else:
                selector.unregister(reading.sock)
                reading.sock.close()


def _ask(reading: Reading) -> None:
    where = urlsplit(reading.file.address)
    target = f"{where.path}?{where.query}" if where.query else where.path
    wanted = f"Range: bytes={reading.at}-{reading.end - 1}"
    reading.sock.send(f"GET {target} HTTP/1.1\r\nHost: {where.netloc}\r\n{wanted}\r\n\r\n".encode())


def _step(reading: Reading, block: memoryview) -> bool:
    """Takes what is there; whether the piece is whole."""
    got = _take(reading.sock, block)
    if not got:
        return False
    start = 0
    if not reading.in_body:  # the head comes in one packet
        head, gap, _ = bytes(block[: min(got, 4096)]).partition(b"\r\n\r\n")
        if not gap or not head.startswith(b"HTTP/1.1 206"):
            raise SystemExit(f"no part: {head[:80]!r}")
        start, reading.in_body = len(head) + len(gap), True
    os.pwrite(reading.file.fd, block[start:got], reading.at)
    reading.at += got - start
    if reading.at < reading.end:
        return False
    with reading.file.came:
        reading.file.missing.discard((reading.end - 1) // PIECE)
        reading.file.came.notify()
    return True


def _take(sock: socket.socket, block: memoryview) -> int:
    """TLS gives a record at a time: as many as there are."""
    got = 0
    try:
        while got < len(block):
            more = sock.recv_into(block[got:])
            if not more:
                raise SystemExit("a connection ended")
            got += more
            if not isinstance(sock, ssl.SSLSocket):
                break
    except (BlockingIOError, ssl.SSLWantReadError):
        pass
    return got


def _verify(jobs: deque[File]) -> None:
    block = memoryview(bytearray(BLOCK))
    while jobs:
        try:
            file = jobs.popleft()
        except IndexError:
            return
        hashed, at = hashlib.sha256(), 0
        while at < file.size:
            with file.came:
                while at // PIECE in file.missing:
                    file.came.wait()
            end = min((at // PIECE + 1) * PIECE, file.size)
            while at < end:
                got = os.preadv(file.fd, [block[: end - at]], at)
                hashed.update(block[:got])
                at += got
        if hashed.hexdigest() != file.sha256:
            raise SystemExit(f"{file.address}: wrong")
        os.fsync(file.fd)


if __name__ == "__main__":
    main()
