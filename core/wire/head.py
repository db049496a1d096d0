"""The head of an answer: read within limits, whatever its newlines, interim answers left out."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace

from qtune.core.wire.streams import Deadline, Stream

LARGEST_HEAD = 65_536
_STATUS = re.compile(rb"HTTP/1\.([01]) ([1-5][0-9][0-9])(?:\Z| ([^\r\n]*))")
_BLANK = re.compile(rb"\r?\n\r?\n")
_START = b"HTTP/1."


class NotHttp(Exception):
    """The answer is not HTTP, or has no end."""


@dataclass(frozen=True)
class Head:
    """`headers` has lower-case names; values that differ under one name are joined by commas.

    `first_byte_ms` counts from the moment the request was sent.
    """

    status: int
    headers: Mapping[str, str]
    reason: str = ""
    minor: int = 1  # of the version: HTTP/1.0 or HTTP/1.1
    first_byte_ms: int = 0

    @property
    def content_type(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


def take_head(data: bytearray) -> Head | None:
    """The first final answer, taken off the front of `data`; None: more bytes are needed. Raises NotHttp."""
    while True:
        if not data.startswith(_START) and not _START.startswith(data):
            raise NotHttp("the answer is not HTTP")
        blank = _BLANK.search(data)
        if blank is None:
            if len(data) > LARGEST_HEAD:
                raise NotHttp("the answer's head has no end")
            return None
        end = blank.end()
        head = _parsed(bytes(data[: blank.start()]))
        del data[:end]
        if head.status >= 200 or head.status == 101:
            return head


def read_head(stream: Stream, until: Deadline) -> Head:
    """Raises NotHttp, ConnectionResetError for an end without an answer, and what sockets raise."""
    started = time.monotonic()
    data = bytearray()
    first_byte_ms = None
    while True:
        got = stream.receive(until)
        if not got:
            raise NotHttp("it ends in the middle") if data else ConnectionResetError
        if first_byte_ms is None:
            first_byte_ms = round((time.monotonic() - started) * 1000)
        data += got
        head = take_head(data)
        if head is not None:
            return replace(head, first_byte_ms=first_byte_ms)


def _parsed(data: bytes) -> Head:
    first, *lines = re.split(rb"\r?\n", data)
    match = _STATUS.fullmatch(first)
    if match is None:
        raise NotHttp("the answer is not HTTP")
    values: dict[str, list[str]] = {}
    last: list[str] = []
    for line in lines:
        text = line.decode("latin-1")
        if text[:1] in (" ", "\t") and last:  # the older way to write a long value
            last[-1] = f"{last[-1]} {text.strip()}"
            continue
        name, colon, value = text.partition(":")
        if colon:
            last = values.setdefault(name.strip().lower(), [])
            last.append(value.strip())
    headers = {name: ", ".join(dict.fromkeys(several)) for name, several in values.items()}
    reason = (match[3] or b"").decode("latin-1").strip()
    return Head(int(match[2]), headers, reason, int(match[1]))
