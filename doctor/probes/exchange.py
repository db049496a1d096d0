"""One small HTTP request by hand: sent, and its answer's head read, before a deadline."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass

from qtune import __version__
from qtune.doctor.probes.streams import Deadline, Stream

_LARGEST_HEAD = 65_536
_STATUS = re.compile(rb"HTTP/1\.[01] ([1-5][0-9][0-9])(?: |\r?\n|\Z)")


class NotHttp(Exception):
    """The answer is not HTTP, or has no end."""


@dataclass(frozen=True)
class Head:
    """`headers` has lower-case names; `first_byte_ms` counts from the moment the request was sent."""

    status: int
    headers: Mapping[str, str]
    first_byte_ms: int

    @property
    def content_type(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


def request(target: str, host: str, headers: Mapping[str, str]) -> bytes:
    """A GET without a token. `target` is a path, or a whole URL when it goes to a proxy."""
    lines = [f"GET {target} HTTP/1.1", f"Host: {host}", f"User-Agent: qtune/{__version__}"]
    lines += ["Accept-Encoding: identity", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode("latin-1", "replace")


def read_head(stream: Stream, until: Deadline) -> Head:
    """Raises NotHttp, ConnectionResetError for an end without an answer, and what sockets raise."""
    started = time.monotonic()
    data = b""
    first_byte_ms = None
    while True:
        head, blank, rest = _split(data)
        if blank:
            found = _parsed(head, first_byte_ms or 0)
            if found.status >= 200 or found.status == 101:
                return found
            data = rest  # that was an interim answer
            continue
        if len(data) > _LARGEST_HEAD:
            raise NotHttp("the answer's head has no end")
        got = stream.receive(until)
        if not got:
            raise NotHttp("it ends in the middle") if data else ConnectionResetError
        if first_byte_ms is None:
            first_byte_ms = round((time.monotonic() - started) * 1000)
        data += got
        if not data.startswith(b"HTTP/1.") and not b"HTTP/1.".startswith(data):
            raise NotHttp("the answer is not HTTP")


def _split(data: bytes) -> tuple[bytes, bytes, bytes]:
    match = re.search(rb"\r?\n\r?\n", data)
    if match is None:
        return data, b"", b""
    return data[: match.start()], match.group(), data[match.end() :]


def _parsed(head: bytes, first_byte_ms: int) -> Head:
    match = _STATUS.match(head)
    if match is None:
        raise NotHttp("the answer is not HTTP")
    headers: dict[str, str] = {}
    for line in head.decode("latin-1").splitlines()[1:]:
        name, colon, value = line.partition(":")
        if colon:
            headers.setdefault(name.strip().lower(), value.strip())
    return Head(int(match[1]), headers, first_byte_ms)
