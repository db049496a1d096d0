"""The clients that were candidates for the data path, each as fast as its interface lets it be.

All do the same work: each thread keeps one connection, takes one part after the other, and writes what comes to
its place in one file.
"""

from __future__ import annotations

import http.client
import os
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

BLOCK = 1 << 20
PART = 4 << 20


@dataclass
class Job:
    url: str
    size: int
    file: int  # a descriptor
    ca_file: Path | None
    connections: int
    _next: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def parts(self) -> Iterator[tuple[int, int]]:
        """First byte and first byte after it; all threads share them."""
        while True:
            with self._lock:
                start, self._next = self._next, self._next + PART
            if start >= self.size:
                return
            yield start, min(start + PART, self.size)

    def context(self) -> ssl.SSLContext | None:
        return ssl.create_default_context(cafile=self.ca_file) if self.ca_file else None


Worker = Callable[[], None]


def of(start: int, end: int) -> dict[str, str]:
    return {"Range": f"bytes={start}-{end - 1}", "Accept-Encoding": "identity"}


def write(job: Job, data: bytes | memoryview, offset: int) -> int:
    os.pwrite(job.file, data, offset)
    return offset + len(data)


def qtune(job: Job) -> Worker:
    from qtune.core.settings import resolve
    from qtune.core.wire.road import Road

    environ = {"SSL_CERT_FILE": str(job.ca_file)} if job.ca_file else {}
    road = Road(resolve(environ=environ))

    def work() -> None:
        connection, view = road.open(job.url, 10), memoryview(bytearray(BLOCK))
        for start, end in job.parts():
            assert connection.get(job.url, of(start, end), 10).status == 206
            while got := connection.readinto(view, 10):
                start = write(job, view[:got], start)
            assert start == end and connection.reusable
        connection.close()

    return work


def stdlib(job: Job) -> Worker:
    """Heads by http.client; the bodies by recv_into, past its buffered reader."""
    open_connection = _stdlib_opener(job)

    def work() -> None:
        connection, view = open_connection(), memoryview(bytearray(BLOCK))
        for start, end in job.parts():
            connection.request("GET", urlsplit(job.url).path, headers=of(start, end))
            response = connection.getresponse()
            assert response.status == 206
            left = len(response.fp.peek())
            while start < end:
                if left:
                    got = response.fp.readinto(view[: min(left, end - start)])
                    left -= got
                else:
                    got = connection.sock.recv_into(view[: end - start])
                assert got
                start = write(job, view[:got], start)
            response.close()
        connection.close()

    return work


def stdlib_readinto(job: Job) -> Worker:
    """http.client through its own interface."""
    open_connection = _stdlib_opener(job)

    def work() -> None:
        connection, view = open_connection(), memoryview(bytearray(BLOCK))
        for start, end in job.parts():
            connection.request("GET", urlsplit(job.url).path, headers=of(start, end))
            response = connection.getresponse()
            assert response.status == 206
            while got := response.readinto(view):
                start = write(job, view[:got], start)
            assert start == end
        connection.close()

    return work


def _stdlib_opener(job: Job) -> Callable[[], http.client.HTTPConnection]:
    parts, context = urlsplit(job.url), job.context()
    assert parts.hostname
    host, port = parts.hostname, parts.port
    if context is None:
        return lambda: http.client.HTTPConnection(host, port, timeout=10)
    return lambda: http.client.HTTPSConnection(host, port, timeout=10, context=context)


def httpx(job: Job) -> Worker:
    import httpx

    limits = httpx.Limits(max_connections=job.connections)
    client = httpx.Client(verify=job.context() or False, limits=limits, trust_env=False)

    def work() -> None:
        for start, end in job.parts():
            with client.stream("GET", job.url, headers=of(start, end)) as response:
                assert response.status_code == 206
                for chunk in response.iter_raw():
                    start = write(job, chunk, start)
            assert start == end

    return work


def urllib3(job: Job) -> Worker:
    import urllib3

    pool = urllib3.PoolManager(maxsize=job.connections, ssl_context=job.context())

    def work() -> None:
        for start, end in job.parts():
            response = pool.request("GET", job.url, headers=of(start, end), preload_content=False)
            assert response.status == 206
            for chunk in response.stream(BLOCK, decode_content=False):
                start = write(job, chunk, start)
            assert start == end

    return work


def pycurl(job: Job) -> Worker:
    import pycurl

    def work() -> None:
        curl, at = pycurl.Curl(), [0]

        def take(data: bytes) -> None:
            at[0] = write(job, data, at[0])

        curl.setopt(pycurl.URL, job.url)
        curl.setopt(pycurl.WRITEFUNCTION, take)
        curl.setopt(pycurl.BUFFERSIZE, 512 << 10)  # the most it allows
        curl.setopt(pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_1_1)
        curl.setopt(pycurl.NOSIGNAL, 1)
        if job.ca_file:
            curl.setopt(pycurl.CAINFO, str(job.ca_file))
        for start, end in job.parts():
            at[0] = start
            curl.setopt(pycurl.RANGE, f"{start}-{end - 1}")
            curl.perform()
            assert curl.getinfo(pycurl.RESPONSE_CODE) == 206 and at[0] == end
        curl.close()

    return work


CLIENTS: dict[str, tuple[str, Callable[[Job], Worker]]] = {
    "qtune's Connection": ("qtune", qtune),
    "http.client + recv_into": ("http", stdlib),
    "http.client readinto": ("http", stdlib_readinto),
    "httpx": ("httpx", httpx),
    "urllib3": ("urllib3", urllib3),
    "pycurl": ("pycurl", pycurl),
}


def installed(name: str) -> bool:
    return find_spec(CLIENTS[name][0]) is not None
