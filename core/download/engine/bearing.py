"""What one connection does about what goes wrong: tries again, waits, asks anew, or leaves it to others."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from qtune.core.download import patience
from qtune.core.download.engine.asking import Asking
from qtune.core.download.engine.job import Piece
from qtune.core.download.engine.outlet import Outlet
from qtune.core.download.failures import passing, ranges_refused, storage_refuses
from qtune.core.download.response import Expired, NoRanges, OddLength, Throttled, other_size
from qtune.core.errors import HubError, NotFound, QtuneError

if TYPE_CHECKING:
    from qtune.core.download.engine.run import Run

MOST_ODD_LENGTHS = 2


class Bearing:
    """`retire` ends the connection after its piece."""

    def __init__(
        self, run: Run, outlet: Outlet, asking: Asking, retire: Callable[[], None]
    ) -> None:
        self.run, self.outlet = run, outlet
        self._asking, self._retire = asking, retire
        self.patience = patience.Patience()

    def bear(self, failure: Exception, piece: Piece, asked_at: float) -> None:
        run, outlet = self.run, self.outlet
        if outlet.beside is not None:
            run.leave(outlet, failure, piece.job)
        elif isinstance(failure, NoRanges):
            if piece.whole:
                self._failed(ranges_refused(outlet.supplier), piece)
            outlet.whole = True
        elif isinstance(failure, OddLength):
            count = outlet.odd_lengths.get(piece.job, 0)
            outlet.odd_lengths[piece.job] = count + 1
            self._asking.forget_address(piece)
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
        self._asking.forget_address(piece)
        self.patience.relocations += 1
        if self.patience.relocations > 1 and self.run.lanes.others_receive(piece):
            self.outlet.refuses_parts_at_once(self._asking.own)
        elif self.patience.relocations > patience.MOST_RELOCATIONS:
            self.run.give_up(self.outlet, storage_refuses(self.outlet.supplier), piece.job)

    def _failed(self, error: HubError, piece: Piece) -> None:
        self._asking.forget_address(piece)
        self.patience.failures += 1
        run, outlet = self.run, self.outlet
        if self.patience.failures > patience.most_failures(run.alone):
            if outlet.lives() and run.lanes.of(outlet) > 1:
                outlet.crew.limit(run.lanes.of(outlet) - 1)  # it takes no more than the others
                self._retire()
            else:
                run.give_up(outlet, error, piece.job)
            return
        run.retried(outlet, piece.job, error.message)
        run.line.pause(patience.back_off_s(self.patience.failures))
