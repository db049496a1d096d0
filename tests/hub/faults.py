"""What a test can make go wrong, and which requests it hits."""

from __future__ import annotations

import math
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from fnmatch import fnmatchcase
from types import MappingProxyType
from typing import Literal

from tests.hub.http import Request
from tests.hub.pace import Allowance, Pace, Quota

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
    QUOTA = "quota"  # `after` requests every `seconds`, said in RateLimit; then 429 until the next window
    ALONE = "alone"  # 403 to a ranged GET while another of the same file (`per`) is under way
    # what the answer says
    NO_RANGE = "no-range"  # ignores Range: 200 and the whole file
    WRONG_RANGE = "wrong-range"  # 206 whose Content-Range is one byte further than asked
    WRONG_TOTAL = "wrong-total"  # 206 whose Content-Range is of a file `after` (1) bytes larger
    MORE = "more"  # 206 with `after` (100) bytes more than asked, and headers that say so
    FEWER = "fewer"  # 206 with only `after` (half) of the bytes asked for, and headers that say so
    SURPLUS = "surplus"  # `after` (100) bytes behind the body, and a Content-Length that agrees
    WRONG_LENGTH = "wrong-length"  # Content-Length is `after` (100 unless given) bytes too big
    TRUNCATED = "truncated"  # only `after` bytes (half), and a Content-Length that agrees
    CORRUPT = "corrupt"  # the byte at `after` (the middle) of the body has its bits flipped
    LIE = (
        "lie"  # the bytes at `offsets` of the file have theirs flipped, in whatever range they come
    )
    GZIP = "gzip"  # the body compressed, asked for or not
    STRIPPED = "stripped"  # the headers named in `headers` are missing
    HEADERS = "headers"  # the answer carries these `headers` too: a date, an age
    FOREIGN_NEXT = "foreign-next"  # the Link to the next page points to `location`
    # how it is delivered
    LATENCY = "latency"  # `seconds` before the first byte
    SLOW = "slow"  # `bytes_per_second` for each answer
    PACED = "paced"  # `bytes_per_second` for all that it hits together
    STALL = "stall"  # headers and `after` bytes (0), then silence
    CUT = "cut"  # `after` bytes (half), then the connection closes
    CUT_RESET = "cut-reset"  # the same with a reset
    DIES = "dies"  # `after` bytes in all, then everything it hits is reset, for ever
    NOT_KEPT = "not-kept"  # the connection closes after the answer, which says so
    DROPPED = "dropped"  # it says keep-alive, and closes after `seconds` (0) without a request
    HTTP10 = "http-1.0"  # an old server: the answer is HTTP/1.0, and the connection closes
    LENGTHLESS = "lengthless"  # no Content-Length: the body ends with the connection
    CHUNKED = "chunked"  # no Content-Length: Transfer-Encoding: chunked


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
    offsets: tuple[int, ...] = ()
    per: Literal["file", "address"] = "file"  # of alone: the same path, or the same signed URL
    pace: Pace = field(init=False, repr=False)
    allowance: Allowance = field(init=False, repr=False)
    quota: Quota = field(init=False, repr=False)

    def __post_init__(self) -> None:
        kind = Kind(self.kind)
        object.__setattr__(self, "kind", kind)
        if kind in OF_CONNECTIONS and (self.path, self.method) != ("*", "*"):
            raise ValueError(f"{kind} is of a whole origin: it cannot depend on path or method")
        if kind is Kind.REFUSED and (self.times is not None or self.skip):
            raise ValueError("refused lasts until it is lifted")
        needed = {Kind.STATUS: "status", Kind.LATENCY: "seconds", Kind.SLOW: "bytes_per_second"}
        needed |= {Kind.PACED: "bytes_per_second", Kind.QUOTA: "seconds", Kind.LIE: "offsets"}
        needed |= {Kind.FOREIGN_NEXT: "location", Kind.STRIPPED: "headers", Kind.HEADERS: "headers"}
        if kind in needed and not getattr(self, needed[kind]):
            raise ValueError(f"{kind} needs {needed[kind]}")
        if kind in (Kind.DIES, Kind.QUOTA) and self.after is None:
            raise ValueError(f"{kind} needs after")
        object.__setattr__(self, "pace", Pace(self.bytes_per_second or 1))
        object.__setattr__(self, "allowance", Allowance(self.after or 0))
        object.__setattr__(self, "quota", Quota(self.after or 0, self.seconds))

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
        self._under_way: dict[Request, list[tuple[Fault, str]]] = {}  # bodies that forbid others

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
        """What it meets. Whoever calls says `done` when the last byte of the answer goes out."""
        with self._lock:
            return [
                self._now(fault)
                for fault in self._hits
                if fault.kind not in OF_CONNECTIONS
                and fault.hits(request)
                and (fault.kind is not Kind.ALONE or self._disturbs(fault, request))
                and self._counts(fault)
            ]

    def forbids_others(self, request: Request) -> bool:
        with self._lock:
            return request in self._under_way

    def done(self, request: Request) -> None:
        with self._lock:
            self._under_way.pop(request, None)

    def _disturbs(self, fault: Fault, request: Request) -> bool:
        if request.method != "GET":
            return False
        mine = (fault, request.path if fault.per == "file" else request.target)
        if "range" in request.headers and any(
            mine in others for others in self._under_way.values()
        ):
            return True
        self._under_way.setdefault(request, []).append(mine)
        return False

    def _now(self, fault: Fault) -> Fault:
        """What a fault with a memory amounts to at this moment."""
        if fault.kind is Kind.ALONE:
            xml = b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"
            headers = {"Content-Type": "application/xml"}
            return Fault(Kind.STATUS, status=403, headers=headers, body=xml)
        if fault.kind is Kind.DIES and fault.allowance.spent:
            return Fault(Kind.RESET)
        if fault.kind is Kind.QUOTA:
            left, seconds = fault.quota.take()
            until = math.ceil(seconds)
            headers = {
                "RateLimit": f'"resolvers";r={max(0, left)};t={until}',
                "RateLimit-Policy": f'"fixed window";"resolvers";q={fault.after};w={fault.seconds:g}',
            }
            if left >= 0:
                return Fault(Kind.HEADERS, headers=headers)
            return Fault(Kind.STATUS, status=429, headers=headers | {"Retry-After": str(until)})
        return fault

    def _counts(self, fault: Fault) -> bool:
        seen = self._hits[fault]
        self._hits[fault] = seen + 1
        return seen >= fault.skip and (fault.times is None or seen < fault.skip + fault.times)
