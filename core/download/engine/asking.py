"""The requests of one connection: along redirects to the bytes, with each address' headers for it alone."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from qtune import __version__
from qtune.core.download.engine.job import Piece
from qtune.core.download.engine.outlet import Outlet
from qtune.core.download.response import Expired, Throttled, Wanted, bytes_to_skip, other_size
from qtune.core.errors import QtuneError
from qtune.core.hub.answers import (
    MOST_HOPS,
    nonsense,
    origin_of,
    rate_limit,
    redirect_target,
    same_origin,
    whole_number,
)
from qtune.core.wire.connection import Connection, Stale
from qtune.core.wire.head import Head

if TYPE_CHECKING:
    from qtune.core.download.engine.run import Run

WORTH_READING = 64 << 10  # of a body's unwanted rest, to keep the connection
MOST_KEPT = 3  # connections: the hub's own and the storage's
_IDENTITY = {"User-Agent": f"qtune/{__version__}", "Accept-Encoding": "identity"}


class Asking:
    """One thread asks; `abort` may come from any. `number` names the connection, and is never 0."""

    def __init__(self, run: Run, outlet: Outlet, number: int) -> None:
        self.run, self.outlet, self.number = run, outlet, number
        self._connections: dict[tuple[str, str, int | None], Connection] = {}
        self._reading: Connection | None = None
        self._scratch = memoryview(bytearray(WORTH_READING))

    def abort(self) -> None:
        reading = self._reading
        if reading is not None:
            reading.abort()

    def close(self) -> None:
        for connection in self._connections.values():
            connection.close()

    def ask(self, piece: Piece) -> tuple[Connection, int]:
        """The body of the answer, whose first so many bytes are not wanted; the address is learned."""
        outlet, file = self.outlet, piece.job.file
        part = not piece.whole and (piece.at, piece.end) != (0, file.size)
        address = outlet.addresses.signed(piece.job, self.own) or self.run.address(outlet, file)
        url, headers, hubs_own = address.url, dict(address.headers), address.hubs_own
        source = outlet.supplier.hub.source
        for _ in range(MOST_HOPS):
            sent = {**headers, **_IDENTITY}
            if part:
                sent["Range"] = f"bytes={piece.at}-{piece.end - 1}"
            connection, head = self._head(url, sent)
            if hubs_own:
                self._heed(head, piece)
            target = redirect_target(head.status, head.headers, url)
            if target is None:
                break
            self.leave(connection, self.run.connect_s)
            if not same_origin(url, target):
                headers = {}  # what belongs to one address goes to no other
                hubs_own = False
            url = urljoin(url, target)
        else:
            raise nonsense(source, "redirects in a circle", "重定向陷入循环")
        try:
            skip = bytes_to_skip(
                head.status, head.headers, url, Wanted(file, piece.at, part), source
            )
        except BaseException as error:
            self.leave(connection)
            if hubs_own and isinstance(error, Expired):
                self.run.reason(outlet, file)  # a refusal of the hub's own has a better name
            raise
        if part and head.status == 200:
            outlet.whole = True
        if not hubs_own and url != address.url:
            outlet.addresses.learn(piece.job, self.own, url, headers)
        return connection, skip

    def _heed(self, head: Head, piece: Piece) -> None:
        """What the hub says beside its answer: another size, or that its patience is used up."""
        size = whole_number(head.headers.get("x-linked-size"))
        if size is not None and size != piece.job.file.size:
            raise other_size(piece.job.file, size, self.outlet.supplier.hub.source)
        limit = rate_limit(head.headers)
        if limit is not None and limit.remaining == 0 and head.status < 400:
            self.run.told_to_wait(
                self.outlet, Throttled(head.status, limit.reset_s), time.monotonic(), piece.job
            )

    def _head(self, url: str, headers: Mapping[str, str]) -> tuple[Connection, Head]:
        run = self.run
        origin = origin_of(url)
        for _ in range(2):
            run.line.check()
            began = time.monotonic()
            kept = self._connections.pop(origin, None)
            opens = self.outlet.opens or run.road.open
            connection = kept or opens(url, run.connect_s, self.outlet.name)
            self._keep(origin, connection)
            self._reading = connection
            run.line.check()
            try:
                head = connection.get(url, headers, run.read_s)
            except Stale:
                self.drop(connection)
                continue
            except BaseException:
                self.drop(connection)
                raise
            self.outlet.note_round_trip(time.monotonic() - began)
            return connection, head
        raise AssertionError("the second connection is a new one")

    def _keep(self, origin: tuple[str, str, int | None], connection: Connection) -> None:
        self._connections[origin] = connection
        while len(self._connections) > MOST_KEPT:
            self._connections.pop(next(iter(self._connections))).close()

    def drop(self, connection: Connection) -> None:
        self._reading = None
        self._connections.pop(connection.origin, None)
        connection.close()

    def leave(self, connection: Connection, wait_s: float = 0.0) -> None:
        """Ready for the next request, or closed. A short rest is read, if it comes within `wait_s`."""
        with contextlib.suppress(QtuneError, TimeoutError):
            while connection.left and connection.left <= WORTH_READING:
                if not connection.readinto(self._scratch, wait_s):
                    break
        if not connection.reusable:
            self.drop(connection)
        self._reading = None

    def forget_address(self, piece: Piece) -> None:
        known = self.outlet.addresses.signed(piece.job, self.own)
        if known is not None:
            self.outlet.addresses.forget(piece.job, self.own, known.url)

    @property
    def own(self) -> int:
        """0 for the address that all connections share."""
        return self.number if self.outlet.own_addresses else 0
