"""What this machine can do at most, one step alone: hash, write, receive. No client can be faster."""

from __future__ import annotations

import hashlib
import http.client
import os
import ssl
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

BLOCK = 1 << 20


@dataclass(frozen=True)
class Ceilings:
    """MB/s; `receive` is one connection to the profile's own large-file host."""

    hash: float
    write: float
    receive: float

    def __str__(self) -> str:
        return f"sha256 {self.hash:.0f}, write {self.write:.0f}, receive {self.receive:.0f} MB/s"


def ceilings(data: bytes, folder: Path, url: str, ca_file: Path | None, rounds: int) -> Ceilings:
    """Medians; `data` is the content of the file at `url`."""

    def hashed() -> None:
        hashlib.sha256(data)

    def written() -> None:
        path = folder / "written"
        fd = os.open(path, os.O_CREAT | os.O_WRONLY)
        for start in range(0, len(data), BLOCK):
            os.pwrite(fd, memoryview(data)[start : start + BLOCK], start)
        os.close(fd)
        path.unlink()

    def received() -> None:
        _receive(url, ca_file, len(data))

    return Ceilings(*(_speed(work, len(data), rounds) for work in (hashed, written, received)))


def _speed(work: Callable[[], None], size: int, rounds: int) -> float:
    times = []
    for _ in range(rounds):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return size / statistics.median(times) / 1e6


def _receive(url: str, ca_file: Path | None, size: int) -> None:
    parts = urlsplit(url)
    host = parts.hostname or ""
    connection = http.client.HTTPConnection(host, parts.port)
    if ca_file is not None:
        context = ssl.create_default_context(cafile=ca_file)
        connection = http.client.HTTPSConnection(host, parts.port, context=context)
    try:
        connection.request("GET", parts.path)
        response = connection.getresponse()
        into, got = bytearray(BLOCK), 0
        while count := response.readinto(into):
            got += count
        if got != size:
            raise OSError(f"{url}: {got} bytes of {size}")
    finally:
        connection.close()
