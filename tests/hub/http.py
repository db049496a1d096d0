"""HTTP/1.1 as bytes: what came in, what goes out, and how the bytes are to be delivered."""

from __future__ import annotations

import base64
import json
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import Any, BinaryIO, Literal
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from tests.hub.pace import Allowance, Pace
from tests.hub.sparse import Span, Sparse

MAX_HEAD = 256 * 1024
MAX_BODY = 16 * 1024 * 1024

Body = bytes | memoryview | Span
Ending = Literal["finish", "close", "reset", "silence", "drop"]


class BadRequest(Exception):
    """The bytes that came in are not an HTTP request."""


@dataclass(eq=False)
class Request:
    """One request as it came in. `status` and `body_bytes_sent` grow while it is answered."""

    origin: str
    method: str
    target: str
    headers: Mapping[str, str]  # lower-case names
    body: bytes
    raw: bytes
    connection: int
    at: float = field(default_factory=time.monotonic)
    status: int | None = None
    body_bytes_sent: int = 0

    @property
    def path(self) -> str:
        """Decoded, without the query."""
        return unquote(self.raw_path)

    @property
    def raw_path(self) -> str:
        return urlsplit(self.target).path if "://" in self.target else self.target.split("?", 1)[0]

    @property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.target).query, keep_blank_values=True))

    @property
    def authorization(self) -> str | None:
        return self.headers.get("authorization")

    def carries(self, secret: str) -> bool:
        """Whether the secret is anywhere in the request: headers, cookie, URL, body, Basic auth."""
        if not secret:
            raise ValueError("an empty secret is in every request")
        if any(form.encode() in self.raw for form in (secret, quote(secret, safe=""))):
            return True
        return any(secret in _decoded(word) for word in re.findall(rb"(?i)basic +(\S+)", self.raw))


def _decoded(word: bytes) -> str:
    try:
        return base64.b64decode(word, validate=False).decode("utf-8", "replace")
    except ValueError:
        return ""


@dataclass(frozen=True)
class Delivery:
    """How a response is put on the wire."""

    delay: float = 0.0  # seconds before the status line
    paces: tuple[Pace, ...] = ()
    stop_after: int | None = None  # body bytes; -1 stops before the status line
    ending: Ending = "finish"  # what happens at the end, or where it stopped
    idle: float = 0.0  # of drop: seconds without a request
    allowance: Allowance | None = None  # what is left to send, of several answers together
    valid: Callable[[], bool] | None = None  # asked before each block: no longer valid, it is cut
    framing: Literal["length", "chunked", "none"] = "length"
    version: Literal["1.0", "1.1"] = "1.1"


@dataclass(frozen=True)
class Response:
    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: Body = b""
    delivery: Delivery = Delivery()

    def header(self, name: str) -> str | None:
        lower = name.lower()
        return next((value for key, value in self.headers if key.lower() == lower), None)

    def having(self, headers: Mapping[str, str]) -> Response:
        """The same response with these headers set, each replacing one of the same name."""
        names = {name.lower() for name in headers}
        kept = tuple(item for item in self.headers if item[0].lower() not in names)
        return replace(self, headers=kept + tuple(headers.items()))

    def without(self, *names: str) -> Response:
        lower = {name.lower() for name in names}
        return replace(
            self, headers=tuple(item for item in self.headers if item[0].lower() not in lower)
        )

    def delivered(self, delivery: Delivery) -> Response:
        return replace(self, delivery=delivery)

    def head(self, keep_alive: bool) -> bytes:
        try:
            reason = HTTPStatus(self.status).phrase
        except ValueError:
            reason = "Unknown"
        lines = [f"HTTP/{self.delivery.version} {self.status} {reason}"]
        lines += [f"{name}: {value}" for name, value in self.headers]
        unsaid = self.header("content-length") is None and self.status not in (204, 304)
        if self.delivery.framing == "chunked":
            lines.append("Transfer-Encoding: chunked")
        elif unsaid and self.delivery.framing == "length":
            lines.append(f"Content-Length: {len(self.body)}")
        lines.append(f"Connection: {'keep-alive' if keep_alive else 'close'}")
        return "\r\n".join([*lines, "", ""]).encode("utf-8")


def json_response(status: int, value: Any, headers: Mapping[str, str] | None = None) -> Response:
    body = json.dumps(value, ensure_ascii=False).encode()
    named = {"Content-Type": "application/json; charset=utf-8", **(headers or {})}
    return Response(status, tuple(named.items()), body)


def text_response(
    status: int,
    text: str,
    headers: Mapping[str, str] | None = None,
    content_type: str = "text/plain; charset=utf-8",
) -> Response:
    named = {"Content-Type": content_type, **(headers or {})}
    return Response(status, tuple(named.items()), text.encode())


def redirect(status: int, location: str, headers: Mapping[str, str] | None = None) -> Response:
    named = {"Location": location, "Content-Type": "text/plain; charset=utf-8", **(headers or {})}
    return Response(status, tuple(named.items()), f"Redirecting to {location}".encode())


def file_response(request: Request, data: bytes | Sparse, headers: Mapping[str, str]) -> Response:
    """The file, or the part that a single `Range` asks for: 206, or 416 when it lies outside."""
    whole = data.span() if isinstance(data, Sparse) else memoryview(data)
    size = len(whole)
    named = {"Content-Type": "application/octet-stream", "Accept-Ranges": "bytes", **headers}
    wanted = re.fullmatch(r"bytes=(\d*)-(\d*)", request.headers.get("range", "").strip())
    if wanted is None or wanted.group() == "bytes=-":
        return Response(200, tuple(named.items()), whole)
    first, last = wanted.groups()
    if first:
        start, stop = int(first), min(int(last) + 1, size) if last else size
    else:
        start, stop = max(size - int(last), 0), size
    if start >= size or stop <= start:
        named["Content-Range"] = f"bytes */{size}"
        return Response(416, tuple(named.items()))
    named["Content-Range"] = f"bytes {start}-{stop - 1}/{size}"
    return Response(206, tuple(named.items()), whole[start:stop])


def read_request(reader: BinaryIO, origin: str, connection: int) -> Request | None:
    """The next request of a connection, or None at its end."""
    raw = bytearray()
    while not raw.endswith(b"\r\n\r\n"):
        line = reader.readline(MAX_HEAD)
        if not line:
            if raw:
                raise BadRequest("the connection ended inside the head of a request")
            return None
        raw += line
        if raw == b"\r\n":  # a stray empty line before a request is allowed
            raw.clear()
        if len(raw) >= MAX_HEAD:
            raise BadRequest("the head of the request is too long")
    first, *rest = bytes(raw).decode("latin-1").rstrip("\r\n").split("\r\n")
    words = first.split(" ")
    if len(words) != 3 or not words[2].startswith("HTTP/1."):
        raise BadRequest(f"not a request line: {first[:80]!r}")
    headers = {
        name.strip().lower(): value.strip()
        for name, colon, value in (line.partition(":") for line in rest)
        if colon
    }
    body = _read_body(reader, headers)
    return Request(origin, words[0], words[1], headers, body, bytes(raw) + body, connection)


def _read_body(reader: BinaryIO, headers: Mapping[str, str]) -> bytes:
    if "chunked" in headers.get("transfer-encoding", "").lower():
        body = bytearray()
        while size := int(reader.readline(64).split(b";")[0] or b"0", 16):
            body += reader.read(size)
            reader.readline(64)
            if len(body) > MAX_BODY:
                raise BadRequest("the body is too long")
        while reader.readline(MAX_HEAD) not in (b"\r\n", b"\n", b""):
            pass
        return bytes(body)
    length = headers.get("content-length", "0")
    if not length.isdecimal() or int(length) > MAX_BODY:
        raise BadRequest(f"unusable Content-Length: {length[:40]!r}")
    return reader.read(int(length))
