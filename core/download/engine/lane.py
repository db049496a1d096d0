"""One connection at work: takes a piece, asks for it, writes what comes, and bears with what goes wrong."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from qtune.core.download.digest import Digests, Hasher, Stopped
from qtune.core.download.engine.asking import Asking
from qtune.core.download.engine.bearing import Bearing
from qtune.core.download.engine.job import Piece
from qtune.core.download.engine.outlet import Outlet
from qtune.core.download.failures import (
    cut_short,
    too_slow,
)
from qtune.core.download.response import (
    Expired,
    NoRanges,
    OddLength,
    Throttled,
)
from qtune.core.errors import QtuneError
from qtune.core.wire.connection import Connection

if TYPE_CHECKING:
    from qtune.core.download.engine.run import Run

BUFFER = 256 << 10
LARGE_BUFFER, FEW = 1 << 20, 8  # larger steps cost less while so few buffers stay in the cache
FLUSH_S = 0.05  # on a slow line what came is on the disk, and in the journal, after so long
TICK_S = 0.5
REST_S = 0.2  # of a body that nobody wants, to keep the connection, if it comes that soon


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
        self._asking = Asking(run, outlet, number)
        self._bearing = Bearing(run, outlet, self._asking, self.retire)
        self._view = memoryview(bytearray(LARGE_BUFFER if number <= FEW else BUFFER))
        self.thread = threading.Thread(target=self._work, name=f"download {number}", daemon=True)

    def cut(self, *, stalled: bool = False) -> None:
        """From any thread: whatever it waits for ends now."""
        self._stalled = stalled
        self._asking.abort()

    def retire(self) -> None:
        """It ends after its piece."""
        self.retired = True

    def _work(self) -> None:
        try:
            with self.run.line.waking(self.cut):
                while not self.retired and self.run.goes_on and self.run.open_to(self.outlet):
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
            self._asking.close()
            self.run.lanes.left(self)
            self.run.news.put(None)

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
            self.run.judging.look(piece.job)
        if self.received > before:
            self._bearing.patience.good()
            self._speed = (self.received - before) / max(1e-3, time.monotonic() - began)
        if failure is not None:
            self.run.line.check()
            self._bearing.bear(failure, piece, began)

    def _fetch(self, piece: Piece) -> None:
        if piece.job.small:
            self._fetch_small(piece)
            return
        connection, skip = self._asking.ask(piece)
        try:
            self._discard(connection, skip)
            self._pour(connection, piece)
            self._asking.leave(connection, REST_S)
        except BaseException:
            self._asking.drop(connection)
            raise

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
        filled = beyond = 0
        while True:
            if piece.at >= piece.end:
                if not self._goes_on(connection, piece, beyond + filled):
                    return
                filled = beyond = 0
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
                beyond = filled - self._flush(piece, filled)
                filled, flushed = 0, now
                self.run.line.check()
            elif got <= 0:
                self.run.line.check()
            if got == 0 and piece.at < piece.end:
                raise cut_short(piece.job.file, piece.at, self.outlet.supplier)

    def _goes_on(self, connection: Connection, piece: Piece, beyond: int) -> bool:
        """A source that sends no parts has more in the same body, behind what is here or another's."""
        skip = None
        if self.outlet.whole and connection.left != 0:
            skip = self.run.board.extend(piece, beyond)
        if skip is None:
            return False
        self.body_since = 0.0  # what is skipped is not counted, and no sign of a stall
        self._discard(connection, skip)
        self.body_since = time.monotonic()
        return True

    def _flush(self, piece: Piece, filled: int) -> int:
        """Only what nobody else has taken meanwhile is written, so many bytes: no byte is written by two."""
        at, allowed = self.run.board.claim(piece, filled)
        if allowed:
            self.run.written(self.outlet, piece.job, at, self._view[:allowed])
        return allowed

    def _fetch_small(self, piece: Piece) -> None:
        file = piece.job.file
        content = bytearray(file.size)
        if file.size:
            connection, skip = self._asking.ask(piece)
            try:
                self._discard(connection, skip)
                view, at = memoryview(content), 0
                self.body_since = time.monotonic()
                while at < file.size and (got := self._read(connection, view[at:])):
                    at += got
                    self.received += got
                    self.outlet.note(got)
            finally:
                self._asking.leave(connection)
            if at < file.size:
                raise cut_short(file, at, self.outlet.supplier)
        self.run.board.claim(piece, file.size)
        self.run.judging.came_whole(self.outlet, piece.job, content, _digests(piece, content))


def _digests(piece: Piece, content: bytearray) -> Digests:
    hasher = Hasher(piece.job.file)
    hasher.update(memoryview(content))
    return hasher.digests()
