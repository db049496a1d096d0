"""One connection at work: takes a piece, asks for it, writes what comes, and bears with what goes wrong."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from qtune import __version__
from qtune.core.download import patience
from qtune.core.download.digest import Digests, Hasher, Stopped
from qtune.core.download.engine.job import Piece
from qtune.core.download.engine.outlet import Outlet
from qtune.core.download.failures import (
    cut_short,
    passing,
    ranges_refused,
    storage_refuses,
    too_slow,
)
from qtune.core.download.response import (
    Expired,
    NoRanges,
    OddLength,
    Throttled,
    Wanted,
    bytes_to_skip,
    other_size,
)
from qtune.core.errors import HubError, NotFound, QtuneError
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

BUFFER = 256 << 10
LARGE_BUFFER, FEW = 1 << 20, 8  # larger steps cost less while so few buffers stay in the cache
FLUSH_S = 0.05  # on a slow line what came is on the disk, and in the journal, after so long
TICK_S = 0.5
WORTH_READING = 64 << 10  # of a body's unwanted rest, to keep the connection
REST_S = 0.2  # ... if it comes that soon
MOST_KEPT = 3  # connections: the hub's own and the storage's
MOST_ODD_LENGTHS = 2
_IDENTITY = {"User-Agent": f"qtune/{__version__}", "Accept-Encoding": "identity"}


class Lane:
    """`number` is never 0: that is the address all connections share."""

    def __init__(self, run: Run, outlet: Outlet, number: int) -> None:
        self.run, self.outlet, self.number = run, outlet, number
        self.received = 0
        self.piece: Piece | None = None
        self.body_since = 0.0  # of the clock; 0: no body is being read
        self.retired = False
        self._stalled = False
        self._speed = 0.0
        self._patience = patience.Patience()
        self._connections: dict[tuple[str, str, int | None], Connection] = {}
        self._reading: Connection | None = None
        self._view = memoryview(bytearray(LARGE_BUFFER if number <= FEW else BUFFER))
        self.thread = threading.Thread(target=self._work, name=f"download {number}", daemon=True)

    def cut(self, *, stalled: bool = False) -> None:
        """From any thread: whatever it waits for ends now."""
        self._stalled = stalled
        reading = self._reading
        if reading is not None:
            reading.abort()

    def retire(self) -> None:
        """It ends after its piece."""
        self.retired = True

    def _work(self) -> None:
        try:
            with self.run.line.waking(self.cut):
                while not self.retired and self.run.open_to(self.outlet):
                    self.run.line.check()
                    self.run.rest(self.outlet)
                    piece = self.run.take(self.outlet, self._speed)
                    if piece is None:
                        if not self.run.wait_for_work(self.outlet):
                            break
                        continue
                    self._serve(piece)
        except Stopped:
            pass
        except BaseException as error:
            self.run.fail(error)
        finally:
            for connection in self._connections.values():
                connection.close()
            self.run.left(self)

    def _serve(self, piece: Piece) -> None:
        self.piece = piece
        before, began = self.received, time.monotonic()
        failure: Exception | None = None
        try:
            self._fetch(piece)
        except Stopped:
            raise
        except (QtuneError, NoRanges, Expired, OddLength, Throttled) as error:
            failure = error
        finally:
            self.body_since = 0.0
            self.piece = None
            self.run.board.give_back(piece)
            self.run.look(piece.job)
        if self.received > before:
            self._patience.good()
            self._speed = (self.received - before) / max(1e-3, time.monotonic() - began)
        if failure is not None:
            self.run.line.check()
            self._bear(failure, piece, began)

    # what goes wrong

    def _bear(self, failure: Exception, piece: Piece, asked_at: float) -> None:
        run, outlet = self.run, self.outlet
        if outlet.beside is not None:
            run.leave(outlet, failure, piece.job)
        elif isinstance(failure, NoRanges):
            if piece.whole:
                run.give_up(outlet, ranges_refused(outlet.supplier), piece.job)
            outlet.whole = True
        elif isinstance(failure, OddLength):
            count = outlet.odd_lengths.get(piece.job, 0)
            outlet.odd_lengths[piece.job] = count + 1
            self._forget_address(piece)
            if count >= MOST_ODD_LENGTHS:
                source = outlet.supplier.hub.source
                run.give_up(outlet, other_size(piece.job.file, failure.size, source), piece.job)
        elif isinstance(failure, Expired):
            self._refused(piece)
        elif isinstance(failure, Throttled):
            run.told_to_wait(outlet, failure, asked_at, piece.job)
        elif isinstance(failure, NotFound):
            run.exclude(outlet, failure, piece.job)
        elif isinstance(failure, HubError) and passing(failure):
            waits = failure.status == 503 and failure.retry_after is not None
            if waits:
                told = Throttled(503, failure.retry_after)
                run.told_to_wait(outlet, told, asked_at, piece.job)
            else:
                self._failed(failure, piece)
        elif isinstance(failure, HubError) and failure.status == 429:
            told = Throttled(429, failure.retry_after)
            run.told_to_wait(outlet, told, asked_at, piece.job)
        else:
            assert isinstance(failure, QtuneError)
            run.give_up(outlet, failure, piece.job)

    def _refused(self, piece: Piece) -> None:
        """The storage refuses a signed address: a new one costs no retry, unless that is refused too."""
        self._forget_address(piece)
        self._patience.relocations += 1
        if self._patience.relocations > 1 and self.run.others_receive(piece):
            self.outlet.refuses_parts_at_once(self._own())
        elif self._patience.relocations > patience.MOST_RELOCATIONS:
            self.run.give_up(self.outlet, storage_refuses(self.outlet.supplier), piece.job)

    def _failed(self, error: HubError, piece: Piece) -> None:
        self._forget_address(piece)
        self._patience.failures += 1
        run, outlet = self.run, self.outlet
        if self._patience.failures > patience.most_failures(run.alone):
            if outlet.lives() and run.lanes_of(outlet) > 1:
                outlet.crew.limit(run.lanes_of(outlet) - 1)  # it takes no more than the others
                self.retire()
            else:
                run.give_up(outlet, error, piece.job)
            return
        run.retried(outlet, piece.job, error.message)
        run.line.pause(patience.back_off_s(self._patience.failures))

    def _forget_address(self, piece: Piece) -> None:
        known = self.outlet.addresses.signed(piece.job, self._own())
        if known is not None:
            self.outlet.addresses.forget(piece.job, self._own(), known.url)

    def _own(self) -> int:
        return self.number if self.outlet.own_addresses else 0

    # the request

    def _fetch(self, piece: Piece) -> None:
        if piece.job.small:
            self._fetch_small(piece)
            return
        connection, skip = self._ask(piece)
        try:
            self._discard(connection, skip)
            self._pour(connection, piece)
            self._leave(connection, REST_S)
        except BaseException:
            self._drop(connection)
            raise

    def _ask(self, piece: Piece) -> tuple[Connection, int]:
        """The body of the answer, whose first so many bytes are not wanted; the address is learned."""
        outlet, file = self.outlet, piece.job.file
        part = not piece.whole and (piece.at, piece.end) != (0, file.size)
        address = outlet.addresses.signed(piece.job, self._own()) or self.run.address(outlet, file)
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
            self._leave(connection, self.run.connect_s)
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
            self._leave(connection)
            if hubs_own and isinstance(error, Expired):
                self.run.reason(outlet, file)  # a refusal of the hub's own has a better name
            raise
        if part and head.status == 200:
            outlet.whole = True
        if not hubs_own and url != address.url:
            outlet.addresses.learn(piece.job, self._own(), url, headers)
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
                self._drop(connection)
                continue
            except BaseException:
                self._drop(connection)
                raise
            self.outlet.note_round_trip(time.monotonic() - began)
            return connection, head
        raise AssertionError("the second connection is a new one")

    def _keep(self, origin: tuple[str, str, int | None], connection: Connection) -> None:
        self._connections[origin] = connection
        while len(self._connections) > MOST_KEPT:
            self._connections.pop(next(iter(self._connections))).close()

    def _drop(self, connection: Connection) -> None:
        self._reading = None
        self._connections.pop(connection.origin, None)
        connection.close()

    def _leave(self, connection: Connection, wait_s: float = 0.0) -> None:
        """Ready for the next request, or closed. A short rest is read, if it comes within `wait_s`."""
        with contextlib.suppress(QtuneError, TimeoutError):
            while connection.left and connection.left <= WORTH_READING:
                if not connection.readinto(self._view, wait_s):
                    break
        if not connection.reusable:
            self._drop(connection)
        self._reading = None

    # the body

    def _discard(self, connection: Connection, count: int) -> None:
        while count > 0:
            self.run.line.check()
            got = self._read(connection, self._view[:count])
            if not got:
                return
            count -= got

    def _read(self, connection: Connection, view: memoryview) -> int:
        """Some bytes; 0 at the end. Raises Unreachable when nothing came for HF_HUB_DOWNLOAD_TIMEOUT."""
        try:
            return connection.readinto(view, self.run.read_s)
        except TimeoutError:
            assert self.piece is not None
            raise self.run.silent(self.outlet, self.piece.job.file) from None

    def _pour(self, connection: Connection, piece: Piece) -> None:
        self.body_since = flushed = time.monotonic()
        silent_since = flushed
        filled = 0
        while True:
            if piece.at >= piece.end:
                if not self._goes_on(connection, piece):
                    return
                silent_since = time.monotonic()
            room = min(len(self._view), piece.end - piece.at)
            try:
                wait_s = FLUSH_S if filled else TICK_S
                got = connection.readinto(self._view[filled:room], wait_s) if filled < room else -1
            except TimeoutError:
                if time.monotonic() - silent_since > self.run.read_s:
                    self._flush(piece, filled)
                    raise self.run.silent(self.outlet, piece.job.file) from None
                got = -1
            except QtuneError as error:
                self._flush(piece, filled)
                if self._stalled:
                    self._stalled = False
                    raise too_slow(piece.job.file, self.outlet.supplier) from error
                raise
            now = time.monotonic()
            if got > 0:
                filled += got
                silent_since = now
                self.received += got
                self.outlet.note(got)
            if filled and (got <= 0 or filled >= room or now - flushed >= FLUSH_S):
                self._flush(piece, filled)
                filled, flushed = 0, now
                self.run.line.check()
            elif got <= 0:
                self.run.line.check()
            if got == 0 and piece.at < piece.end:
                raise cut_short(piece.job.file, piece.at, self.outlet.supplier)

    def _goes_on(self, connection: Connection, piece: Piece) -> bool:
        """A source that sends no parts has more in the same body, behind what is here or another's."""
        skip = None
        if self.outlet.whole and connection.left != 0:
            skip = self.run.board.extend(piece)
        if skip is None:
            return False
        self.body_since = 0.0  # what is skipped is not counted, and no sign of a stall
        self._discard(connection, skip)
        self.body_since = time.monotonic()
        return True

    def _flush(self, piece: Piece, filled: int) -> None:
        """Only what nobody else has taken meanwhile is written: no byte is written by two."""
        at, allowed = self.run.board.claim(piece, filled)
        if allowed:
            self.run.written(self.outlet, piece.job, at, self._view[:allowed])

    def _fetch_small(self, piece: Piece) -> None:
        file = piece.job.file
        content = bytearray(file.size)
        if file.size:
            connection, skip = self._ask(piece)
            try:
                self._discard(connection, skip)
                view, at = memoryview(content), 0
                self.body_since = time.monotonic()
                while at < file.size and (got := self._read(connection, view[at:])):
                    at += got
                    self.received += got
                    self.outlet.note(got)
            finally:
                self._leave(connection)
            if at < file.size:
                raise cut_short(file, at, self.outlet.supplier)
        self.run.board.claim(piece, file.size)
        self.run.came_whole(self.outlet, piece.job, content, _digests(piece, content))


def _digests(piece: Piece, content: bytearray) -> Digests:
    hasher = Hasher(piece.job.file)
    hasher.update(memoryview(content))
    return hasher.digests()
