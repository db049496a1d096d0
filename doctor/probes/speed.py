"""How fast do the bytes of the very file come that will be downloaded?

With one connection and with several; at most 16 MiB for all hubs together, at most 3 s each time, and
one hub after the other.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from urllib.parse import urlsplit

import httpx

from qtune.core.errors import QtuneError
from qtune.core.hub.interface import Location
from qtune.core.secret import redact
from qtune.core.sources import Source
from qtune.doctor.context import Context
from qtune.doctor.facts import Facts, Known, Listing, Sample, Speed, Unknown, known
from qtune.doctor.probes.asking import hub_of, unknown

MOST_BYTES = 16 << 20
SECONDS = 3.0
_LOCATE_SECONDS = 3
_TURN_SECONDS = 20.0  # how long a hub waits while others are measured
_FASTEST = 1e-3  # seconds; what came in one piece came in no less
_SEVERAL = 4


def probe(
    context: Context, source: Source, seen: Facts, seconds: float = SECONDS
) -> Known[Speed] | Unknown:
    listing = known(seen.listing.get(source.name))
    if listing is None:
        return Unknown("skipped", "the files are not known")
    if not listing.weight_bytes:
        return Unknown("absent", f"{listing.weight} is empty")
    try:
        hub = hub_of(context, source, _LOCATE_SECONDS)
        place = hub.locate(context.goal.model, listing.commit, listing.weight)
    except QtuneError as error:
        return unknown(error)
    if not context.line.acquire(timeout=_TURN_SECONDS):
        return Unknown("timeout", f"other hubs were measured for {_TURN_SECONDS:.0f} s")
    try:
        return Known(_measured(context, place, listing, seconds))
    finally:
        context.line.release()


def _measured(context: Context, place: Location, listing: Listing, seconds: float) -> Speed:
    budget = MOST_BYTES // max(1, len(context.sources))
    first = min(budget, listing.weight_bytes) // 4 or listing.weight_bytes
    rest = min(budget, listing.weight_bytes) - first
    single = read(context.client, place, [(0, first)], seconds)
    several = None
    count = connections(context)
    # Several readings of a server that always begins at the first byte would measure nothing.
    if not single.failure and single.ranges and count > 1 and rest >= count:
        size = rest // count
        parts = [(first + number * size, size) for number in range(count)]
        several = read(context.client, place, parts, seconds)
    return Speed(listing.weight, redact(urlsplit(place.url).hostname or ""), single, several)


def connections(context: Context) -> int:
    text = context.settings.text("QTUNE_CONNECTIONS")
    return min(int(text), 16) if text.isdigit() else _SEVERAL


class _Count:
    """What all connections of one reading brought, until it is over."""

    def __init__(self, connections: int) -> None:
        self.lock = threading.Lock()
        self.started = time.monotonic()
        self.first: float | None = None
        self.last = self.started
        self.bytes = 0
        self.ranges: bool | None = None
        self.failures: list[str] = []
        self.over = threading.Event()
        self._running = connections
        self.done = threading.Event()

    def add(self, size: int) -> None:
        with self.lock:
            if self.over.is_set():
                return
            self.last = time.monotonic()
            self.first = self.last if self.first is None else self.first
            self.bytes += size

    def answered(self, ranges: bool) -> None:
        with self.lock:
            self.ranges = ranges and self.ranges is not False

    def finish(self, failure: str) -> None:
        with self.lock:
            if failure:
                self.failures.append(failure)
            self._running -= 1
            if not self._running:
                self.done.set()


def read(
    client: httpx.Client, place: Location, parts: Sequence[tuple[int, int]], seconds: float
) -> Sample:
    """Reads these (start, size) at once and times them from the first byte on."""
    count = _Count(len(parts))
    for start, size in parts:
        arguments = (client, place, start, size, count, seconds)
        threading.Thread(target=_read, args=arguments, name="speed", daemon=True).start()
    ended = count.done.wait(seconds)
    with count.lock:
        # A connection gives up after as many seconds as are waited for it: whichever comes first, it stalled.
        finished = ended and not count.failures
        count.over.set()
        end = count.last if finished else time.monotonic()
        if count.first is None or not count.bytes:
            failure = count.failures[0] if count.failures else f"no byte within {seconds:.0f} s"
            waited = time.monotonic() - count.started
            return Sample(len(parts), 0, waited, None, failure, count.ranges)
        return Sample(
            len(parts),
            count.bytes,
            max(_FASTEST, end - count.first),
            round((count.first - count.started) * 1000),
            ranges=count.ranges,
            quiet_s=0.0 if finished else round(end - count.last, 2),
        )


def _gives(response: httpx.Response, start: int) -> bool:
    """206, and from the byte on that was asked for."""
    said = response.headers.get("content-range", "")
    return response.status_code == 206 and said.startswith(f"bytes {start}-")


def _read(
    client: httpx.Client, place: Location, start: int, size: int, count: _Count, seconds: float
) -> None:
    wanted = {"Range": f"bytes={start}-{start + size - 1}", "Accept-Encoding": "identity"}
    got = 0
    try:
        with client.stream(
            "GET", place.url, headers={**place.headers, **wanted}, timeout=seconds
        ) as response:
            if response.status_code not in (200, 206):
                count.finish(f"it answered {response.status_code}")
                return
            count.answered(_gives(response, start))
            for chunk in response.iter_raw():
                chunk_size = min(len(chunk), size - got)
                got += chunk_size
                count.add(chunk_size)
                if got >= size or count.over.is_set():
                    break
    except httpx.TimeoutException:
        count.finish(f"no byte within {seconds:.0f} s")
        return
    except (httpx.HTTPError, httpx.StreamError, OSError, RuntimeError, QtuneError) as error:
        # RuntimeError: the client was closed under a reading that nobody waits for any more.
        count.finish(redact(str(error) or type(error).__name__))
        return
    count.finish("")
