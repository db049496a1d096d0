"""What this machine and this line can do at most, each step alone. No client can be faster."""

from __future__ import annotations

import hashlib
import http.client
import os
import ssl
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from bench.download.nginx import Nginx
from bench.download.profiles import Profile
from bench.download.servers import Served
from tests.hub import Repo

BLOCK = 1 << 20
MOST_CONNECTIONS = 64  # more of them gain nothing on any of these lines


@dataclass(frozen=True)
class Step:
    """One step over `amount` bytes."""

    amount: int
    wall: float  # seconds, median
    cpu: float  # seconds, median
    server_cpu: float = 0.0  # of nginx beside it

    def speed(self) -> float:
        """MB/s."""
        return self.amount / self.wall / 1e6


@dataclass(frozen=True)
class Ceilings:
    total: int  # bytes of the model
    largest: int  # bytes of its largest file: one sha256 is one core's
    start: float  # seconds until a Python that does nothing has ended
    hash: Step
    write: Step
    synced: Step  # the same with its sync, which qtune waits for before it calls a file whole
    receive: Step | None  # on one connection to the profile's own host; None: the line is slower
    receive_name: str
    line: float  # seconds that the line needs for it all, with as many connections as help

    def hash_cpu(self) -> float:
        """Seconds of CPU for the sha256 of it all."""
        return self._of_it_all(self.hash.cpu, self.hash)

    def floor(self) -> float:
        """Seconds that no client that verifies and syncs can beat: the line, the disk, or the work over all cores."""
        work = sum(self._of_it_all(s.cpu + s.server_cpu, s) for s in self._steps().values())
        serial = self.hash.wall * self.largest / self.hash.amount
        cores = len(os.sched_getaffinity(0))
        disk = self._of_it_all(self.synced.wall, self.synced)
        return self.start + max(self.line, disk, serial, work / cores)

    def __str__(self) -> str:
        steps = [
            f"{name} {step.speed():.0f} MB/s ({self._of_it_all(step.wall, step):.2f} s)"
            for name, step in self._steps().items()
        ]
        host = ""
        if self.receive and self.receive.server_cpu:
            host = f", the host's CPU for it {self._of_it_all(self.receive.server_cpu, self.receive):.2f} s"
        line = f", the line {self.line:.2f} s" if self.line else ""
        disk = f", written and synced {self._of_it_all(self.synced.wall, self.synced):.2f} s"
        return f"{', '.join(steps)}{disk}{host}{line}; floor {self.floor():.2f} s"

    def _steps(self) -> dict[str, Step]:
        found = {"sha256": self.hash, "write": self.write}
        return found | ({self.receive_name: self.receive} if self.receive else {})

    def _of_it_all(self, seconds: float, step: Step) -> float:
        return seconds * self.total / step.amount


def ceilings(repo: Repo, profile: Profile, served: Served, folder: Path, rounds: int) -> Ceilings:
    files = sorted(repo.entries.values(), key=lambda file: file.size)
    datas = [file.data for file in files] if profile.small else [files[-1].data]
    amount, total = sum(map(len, datas)), sum(file.size for file in files)

    def hashed() -> None:
        for data in datas:
            hashlib.sha256(data)

    def written() -> None:
        for number, data in enumerate(datas):
            _write(folder / f"written-{number}", data)

    def synced() -> None:
        written()
        for number in range(len(datas)):
            with (folder / f"written-{number}").open("rb") as stream:
                os.fsync(stream.fileno())

    def unwritten() -> None:
        for number in range(len(datas)):
            (folder / f"written-{number}").unlink()

    receive = None
    if not (profile.line or profile.pace or profile.total or profile.small):
        url = f"{served.large}/{files[-1].sha256}"
        receive = _step(
            lambda: _receive(url, served.ca_file, amount), amount, rounds, server=served.nginx
        )
    return Ceilings(
        total=total,
        largest=files[-1].size,
        start=_step(_nothing, 0, rounds).wall,
        hash=_step(hashed, amount, rounds),
        write=_step(written, amount, rounds, after=unwritten),
        synced=_step(written if profile.small else synced, amount, rounds, after=unwritten),
        receive=receive,
        receive_name="TLS receive" if profile.tls else "receive",
        line=_line(profile, total),
    )


def _line(profile: Profile, total: int) -> float:
    if profile.line is not None:
        return total / (profile.line.mbit * 125_000) + 2 * profile.line.rtt_ms / 1000
    if profile.pace is not None and not profile.kill:
        return total / (profile.pace * MOST_CONNECTIONS)
    return total / (2 * profile.total) if profile.total is not None else 0.0


def _step(
    work: Callable[[], None],
    amount: int,
    rounds: int,
    *,
    after: Callable[[], None] | None = None,
    server: Nginx | None = None,
) -> Step:
    before = server.cpu() if server else 0.0
    walls, cpus = [], []
    for _ in range(rounds):
        began, cpu = time.perf_counter(), time.thread_time()
        work()
        walls.append(time.perf_counter() - began)
        cpus.append(time.thread_time() - cpu)
        if after is not None:
            after()
    spent = (server.cpu() - before) / rounds if server else 0.0
    return Step(amount, statistics.median(walls), statistics.median(cpus), spent)


def _nothing() -> None:
    subprocess.run([sys.executable, "-I", "-c", ""], check=True)


def _write(path: Path, data: bytes) -> None:
    fd = os.open(path, os.O_CREAT | os.O_WRONLY)
    for start in range(0, len(data), BLOCK):
        os.pwrite(fd, memoryview(data)[start : start + BLOCK], start)
    os.close(fd)


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
