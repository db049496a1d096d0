"""Which connection fetches what: guided pieces in file order, and at the end a share of the largest one in flight.

Pieces are a share of what is left, large at first and small at the end, so that all connections end
together. Nothing is fixed beforehand: whoever is faster comes more often.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence

from qtune.core.download.engine.job import Job, Piece
from qtune.core.errors import QtuneError

SMALLEST, LARGEST = 1 << 20, 16 << 20  # bytes of a piece
WORTH_TAKING = 512 << 10  # of another's piece; less is there before a new request is answered
WORTH_TAKING_FROM_SLOW = 32 << 10  # ... unless its owner needs more than SLOW_S for it
SLOW_S = 2.0
SECONDS_AHEAD = 0.25  # what its owner will have received before a new request is answered
MANY = 1000  # pieces, more than there will ever be connections
May = Callable[[Job], bool]


class Board:
    """Thread-safe. `changed` is notified when there may be something to take, or nothing to come."""

    def __init__(self, jobs: Sequence[Job]) -> None:
        self._jobs = list(jobs)
        self._first = 0  # all jobs before it are complete or wholly assigned
        self.changed = threading.Condition()
        self.closed = False

    def take(
        self,
        source: str,
        may: May,
        sharers: int,
        *,
        speed: float = 0.0,
        whole: bool = False,
        single: bool = False,
    ) -> Piece | None:
        """Something to fetch from `source`; None: nothing now.

        `may` says whether the source may send this file. `sharers` connections are at work; `speed` is
        what this one had. `whole`: the source does not send parts; `single`: one part of a file at a time.
        """
        with self.changed:
            if self.closed:
                return None
            for job in self._waiting():
                alone = whole or single
                if not may(job) or (alone and any(p.source == source for p in job.pieces)):
                    continue
                if whole and job.pieces:
                    continue
                piece = self._cut_from(job, source, sharers, whole=whole)
                if piece is not None:
                    return piece
            return None if whole or single else self._share_of_largest(source, may, speed)

    def _waiting(self) -> Iterable[Job]:
        while self._first < len(self._jobs) and self._over(self._jobs[self._first]):
            self._first += 1
        return (j for j in self._jobs[self._first :] if not self._over(j))

    @staticmethod
    def _over(job: Job) -> bool:
        return job.opened and not job.free

    def _cut_from(self, job: Job, source: str, sharers: int, *, whole: bool) -> Piece | None:
        if not job.opened:
            self._open(job)
        gap = next(iter(job.free), None)
        if gap is None:
            return None
        if whole:
            end = gap.end
        else:
            end = min(gap.end, gap.start + self._share(sharers))
            if gap.end - end < SMALLEST // 2:
                end = gap.end
        piece = Piece(job, gap.start, end, gap.start, source, whole)
        job.free.remove(gap.start, end)
        job.pieces.append(piece)
        return piece

    @staticmethod
    def _open(job: Job) -> None:
        if not job.small:
            job.part.open()
            job.earlier = tuple((s.start, s.end) for s in job.part.done)
        for start, end in job.part.done.gaps(job.file.size):
            job.free.add(start, end)
        job.opened = True

    def _share(self, sharers: int) -> int:
        left = sum(
            job.free.total if job.opened else job.file.size
            for job in self._jobs[self._first :][:64]
        )
        return min(LARGEST, max(SMALLEST, left // (2 * max(1, sharers))))

    def _share_of_largest(self, source: str, may: May, speed: float) -> Piece | None:
        """Half, or more from an owner that is slower: so that both end together."""
        best: Piece | None = None
        most = 0
        for job in self._jobs:
            for piece in job.pieces:
                share = _to_take(piece, speed)
                if share > most and may(job):
                    best, most = piece, share
        if best is None:
            return None
        middle = best.end - most
        taken = Piece(best.job, middle, best.end, middle, source)
        best.end = middle
        best.job.pieces.append(taken)
        return taken

    def readmit(self, job: Job, source: str) -> None:
        with self.changed:
            job.excluded.pop(source, None)
            self.changed.notify_all()

    def claim(self, piece: Piece, count: int) -> tuple[int, int]:
        """Where `count` received bytes belong, and how many of them are still this piece's to write."""
        with self.changed:
            at = piece.at
            allowed = max(0, min(count, piece.end - at))
            piece.at += allowed
            return at, allowed

    def extend(self, piece: Piece, beyond: int = 0) -> int | None:
        """A body that goes on behind its piece: the next stretch that is nobody's is taken along.

        `beyond`: bytes behind the piece that were read already, and thrown away because another has them.
        How many bytes come before the stretch, which are here or another's; None: there is no such stretch.
        """
        with self.changed:
            at = piece.end + beyond
            follows = next((s for s in piece.job.free if s.start >= at), None)
            if follows is None:
                return None
            piece.at, piece.end = follows.start, follows.end
            piece.job.free.remove(follows.start, follows.end)
            return follows.start - at

    def give_back(self, piece: Piece) -> None:
        """What of the piece did not come is free again; the job is complete if nothing is missing."""
        with self.changed:
            job = piece.job
            job.pieces.remove(piece)
            job.free.add(piece.at, piece.end)
            job.complete = not job.pieces and not job.free
            self._first = 0 if job.free else self._first
            self.changed.notify_all()

    def free_again(self, job: Job, ranges: Sequence[tuple[int, int]]) -> None:
        """Bytes that proved wrong are to be fetched anew."""
        with self.changed:
            for start, end in ranges:
                job.free.add(start, end)
            job.complete = False
            self._first = 0
            self.changed.notify_all()

    def exclude(self, job: Job, source: str, error: QtuneError) -> None:
        with self.changed:
            job.excluded[source] = error
            self.changed.notify_all()

    def open(self, job: Job) -> None:
        """What lies here of it from an earlier run is known at once, and its hash can begin."""
        with self.changed:
            if not job.opened:
                self._open(job)
                job.complete = not job.free

    def could_take(self, may: May) -> bool:
        """Under the lock of `changed`: a piece in flight has grown worth dividing, or became slow."""
        return any(_to_take(p, 0.0) and may(job) for job in self._jobs for p in job.pieces)

    def wants(self, may: May) -> int:
        """How many connections could find something to do, roughly: at least this many pieces are left."""
        with self.changed:
            count = 0
            for piece in (p for job in self._jobs if job.pieces for p in job.pieces):
                count += 1 if _to_take(piece, 0.0) and may(piece.job) else 0
            for job in self._waiting():
                if may(job):
                    count += 1 + (job.free.total if job.opened else job.file.size) // SMALLEST
                if count >= MANY:
                    break
            return count

    def close(self) -> None:
        with self.changed:
            self.closed = True
            self.changed.notify_all()


def _to_take(piece: Piece, speed: float) -> int:
    """Bytes of another's piece that are worth a request of one's own; 0: none."""
    if piece.whole:
        return 0
    left = piece.left
    slow = piece.speed > 0 and left / piece.speed > SLOW_S
    spare = left - int(piece.speed * SECONDS_AHEAD)
    faster = speed / (speed + piece.speed) if speed > piece.speed > 0 else 0.5
    share = int(spare * faster)
    return share if share > (WORTH_TAKING_FROM_SLOW if slow else WORTH_TAKING) else 0
