"""Where one source's files lie: the hub's own address, and the signed one it led to while that holds."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import isfinite
from urllib.parse import parse_qsl, urlsplit

from qtune.core.download.engine.job import Job

MARGIN_S = 15.0  # before its end, so that a request does not arrive late
_SIGNERS = ("amz", "oss", "goog")


@dataclass(frozen=True)
class Address:
    """`url` may be signed: a secret. `headers` belong to it alone. `hubs_own`: the hub answers there."""

    url: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    hubs_own: bool
    ends_at: float | None = None  # of the wall clock


class Addresses:
    """Thread-safe. `own` of a connection that needs a signed address for itself alone, else 0."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._signed: dict[tuple[Job, int], Address] = {}

    def signed(self, job: Job, own: int) -> Address | None:
        """A signed address that is known to lead to the file, and still holds."""
        with self._lock:
            known = self._signed.get((job, own))
            if known is not None and known.ends_at is not None and known.ends_at < time.time():
                del self._signed[job, own]
                return None
            return known

    def learn(self, job: Job, own: int, url: str, headers: Mapping[str, str]) -> None:
        ends = runs_out_at(url)
        now = time.time()
        if ends is not None:
            # Where it has run out by this machine's clock and yet served, the clock is wrong.
            ends = None if ends <= now else max(ends - MARGIN_S, (now + ends) / 2)
        with self._lock:
            self._signed[job, own] = Address(url, headers, hubs_own=False, ends_at=ends)

    def forget(self, job: Job, own: int, url: str) -> None:
        """It is refused; unless another connection has a new one by now."""
        with self._lock:
            known = self._signed.get((job, own))
            if known is not None and known.url == url:
                del self._signed[job, own]


def runs_out_at(url: str) -> float | None:
    """When a signed address ends, in seconds of the wall clock, as S3, OSS, Google and CloudFront write it."""
    query = {name.lower(): value for name, value in parse_qsl(urlsplit(url).query)}
    try:
        for kind in _SIGNERS:
            if f"x-{kind}-date" in query:
                begun = datetime.strptime(query[f"x-{kind}-date"], "%Y%m%dT%H%M%SZ")
                lasts = float(query[f"x-{kind}-expires"])
                return _sure(begun.replace(tzinfo=UTC).timestamp() + lasts)
        return _sure(float(query["expires"]))
    except (KeyError, ValueError, OverflowError):
        return None


def _sure(at: float) -> float | None:
    return at if isfinite(at) else None
