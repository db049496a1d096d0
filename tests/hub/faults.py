"""What a test can make go wrong: which requests it hits, and what it does to their answers."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from fnmatch import fnmatchcase
from types import MappingProxyType

from tests.hub.http import Delivery, Request, Response, json_response, redirect

PORTAL = (
    b"<!DOCTYPE html><html><head><title>Sign in to the network</title></head>"
    b"<body><form action='/login'><input name='user'></form></body></html>"
)


class Kind(StrEnum):
    """The fields of `Fault` that matter to a kind are named beside it."""

    # of a whole origin, before any request
    REFUSED = "refused"  # the port is closed, open connections are dropped
    DEAF = "deaf"  # accepts, reads nothing: a TLS handshake hangs
    HANGUP = "hangup"  # resets right after accept: a TLS handshake dies
    # instead of an answer
    SILENT = "silent"  # reads the request, never answers
    RESET = "reset"  # reads the request, then resets
    STATUS = "status"  # answers `status` with `headers` and `body`
    HTML = "html"  # a captive portal: 200 text/html (or `status`, `body`)
    REDIRECT = "redirect"  # `status` (302 unless given) to `location`; without one, to itself
    # what the answer says
    NO_RANGE = "no-range"  # ignores Range: 200 and the whole file
    WRONG_RANGE = "wrong-range"  # 206 whose Content-Range is one byte further than asked
    WRONG_LENGTH = "wrong-length"  # Content-Length is `after` (100 unless given) bytes too big
    TRUNCATED = "truncated"  # only `after` bytes (half), and a Content-Length that agrees
    CORRUPT = "corrupt"  # the byte at `after` (the middle) has its bits flipped
    GZIP = "gzip"  # the body compressed, asked for or not
    STRIPPED = "stripped"  # the headers named in `headers` are missing
    HEADERS = "headers"  # the answer carries these `headers` too: a date, an age
    FOREIGN_NEXT = "foreign-next"  # the Link to the next page points to `location`
    # how it is delivered
    LATENCY = "latency"  # `seconds` before the first byte
    SLOW = "slow"  # `bytes_per_second` on each connection
    STALL = "stall"  # headers and `after` bytes (0), then silence
    CUT = "cut"  # `after` bytes (half), then the connection closes
    CUT_RESET = "cut-reset"  # the same with a reset


OF_CONNECTIONS = frozenset({Kind.REFUSED, Kind.DEAF, Kind.HANGUP})
INSTEAD = frozenset({Kind.SILENT, Kind.RESET, Kind.STATUS, Kind.HTML, Kind.REDIRECT})


@dataclass(frozen=True, eq=False)
class Fault:
    """One thing that goes wrong, until it is lifted or has happened `times` times."""

    kind: Kind | str
    origin: str = "*"  # hf, cdn, cas, ms, ms-cdn, or a shell pattern
    path: str = "*"  # shell pattern on the decoded path; "*" also matches "/"
    method: str = "*"
    times: int | None = None
    skip: int = 0  # let this many matching requests through first
    status: int = 0
    headers: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    body: bytes | None = None
    location: str = ""
    seconds: float = 0.0
    bytes_per_second: int = 0
    after: int | None = None

    def __post_init__(self) -> None:
        kind = Kind(self.kind)
        object.__setattr__(self, "kind", kind)
        if kind in OF_CONNECTIONS and (self.path, self.method) != ("*", "*"):
            raise ValueError(f"{kind} is of a whole origin: it cannot depend on path or method")
        if kind is Kind.REFUSED and (self.times is not None or self.skip):
            raise ValueError("refused lasts until it is lifted")
        needed = {Kind.STATUS: "status", Kind.LATENCY: "seconds", Kind.SLOW: "bytes_per_second"}
        needed |= {Kind.FOREIGN_NEXT: "location", Kind.STRIPPED: "headers", Kind.HEADERS: "headers"}
        if kind in needed and not getattr(self, needed[kind]):
            raise ValueError(f"{kind} needs {needed[kind]}")

    def hits(self, request: Request) -> bool:
        return (
            fnmatchcase(request.origin, self.origin)
            and fnmatchcase(request.path, self.path)
            and fnmatchcase(request.method, self.method)
        )


class Faults:
    """The faults now switched on, each with the count of what it has hit."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._hits: dict[Fault, int] = {}

    def add(self, fault: Fault) -> None:
        with self._lock:
            self._hits[fault] = 0

    def lift(self, fault: Fault) -> None:
        with self._lock:
            self._hits.pop(fault, None)

    def clear(self) -> None:
        with self._lock:
            self._hits.clear()

    def refuses(self, origin: str) -> bool:
        with self._lock:
            return any(
                fault.kind is Kind.REFUSED and fnmatchcase(origin, fault.origin)
                for fault in self._hits
            )

    def of_connection(self, origin: str) -> Fault | None:
        """The fault that meets a connection just accepted."""
        with self._lock:
            for fault in self._hits:
                meets = fault.kind in (Kind.DEAF, Kind.HANGUP) and fnmatchcase(origin, fault.origin)
                if meets and self._counts(fault):
                    return fault
        return None

    def of_request(self, request: Request) -> list[Fault]:
        with self._lock:
            return [
                fault
                for fault in self._hits
                if fault.kind not in OF_CONNECTIONS and fault.hits(request) and self._counts(fault)
            ]

    def _counts(self, fault: Fault) -> bool:
        seen = self._hits[fault]
        self._hits[fault] = seen + 1
        return seen >= fault.skip and (fault.times is None or seen < fault.skip + fault.times)


def instead(fault: Fault, request: Request) -> Response:
    """The answer of a fault that keeps the request from its handler."""
    match fault.kind:
        case Kind.SILENT:
            return Response(0, delivery=Delivery(stop_after=-1, ending="silence"))
        case Kind.RESET:
            return Response(0, delivery=Delivery(stop_after=-1, ending="reset"))
        case Kind.HTML:
            headers = {"Content-Type": "text/html; charset=utf-8", **fault.headers}
            body = PORTAL if fault.body is None else fault.body
            return Response(fault.status or 200, tuple(headers.items()), body)
        case Kind.REDIRECT:
            location = fault.location or request.target
            return redirect(fault.status or 302, location, fault.headers)
        case _:
            if fault.body is None:
                answer = json_response(fault.status, {"error": f"injected {fault.status}"})
                return answer.having(fault.headers)
            return Response(fault.status, tuple(fault.headers.items()), fault.body)


def heard(fault: Fault, request: Request) -> Request:
    """The request as the handler gets to see it."""
    if fault.kind is Kind.NO_RANGE:
        seen = {name: value for name, value in request.headers.items() if name != "range"}
        return replace(request, headers=seen)
    return request


def spoil(fault: Fault, request: Request, response: Response) -> Response:
    """The handler's response with this fault's change."""
    body, size = response.body, len(response.body)
    delivery = response.delivery
    middle = size // 2 if fault.after is None else min(fault.after, size)
    match fault.kind:
        case Kind.NO_RANGE:
            return response.without("accept-ranges")
        case Kind.WRONG_RANGE if response.status == 206:
            span, _, total = (response.header("content-range") or "").partition("/")
            first, _, last = span.removeprefix("bytes ").partition("-")
            moved = f"bytes {int(first) + 1}-{int(last) + 1}/{total}"
            return response.having({"Content-Range": moved})
        case Kind.WRONG_LENGTH:
            extra = 100 if fault.after is None else fault.after
            longer = response.having({"Content-Length": str(size + extra)})
            return longer.delivered(replace(delivery, stop_after=size, ending="close"))
        case Kind.TRUNCATED:
            return replace(response.without("content-length"), body=memoryview(body)[:middle])
        case Kind.CORRUPT if size:
            at = min(middle, size - 1)
            flipped = bytearray(body)
            flipped[at] ^= 0xFF
            return replace(response, body=bytes(flipped))
        case Kind.GZIP if size:
            packed = replace(response, body=gzip.compress(body, compresslevel=1))
            return packed.without("content-length").having({"Content-Encoding": "gzip"})
        case Kind.STRIPPED:
            return response.without(*fault.headers)
        case Kind.HEADERS:
            return response.having(fault.headers)
        case Kind.FOREIGN_NEXT if response.header("link"):
            return response.having({"Link": f'<{fault.location}>; rel="next"'})
        case Kind.LATENCY:
            return response.delivered(replace(delivery, delay=delivery.delay + fault.seconds))
        case Kind.SLOW:
            return response.delivered(replace(delivery, bytes_per_second=fault.bytes_per_second))
        case Kind.STALL:
            stop = fault.after or 0
            return response.delivered(replace(delivery, stop_after=stop, ending="silence"))
        case Kind.CUT:
            return response.delivered(replace(delivery, stop_after=middle, ending="close"))
        case Kind.CUT_RESET:
            return response.delivered(replace(delivery, stop_after=middle, ending="reset"))
        case _:
            return response
