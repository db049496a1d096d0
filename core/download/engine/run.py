"""What the connections of one run share: which source may send what, where to ask, what has come, who is given up."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from qtune.core.download.engine.addresses import Address
from qtune.core.download.engine.board import Board, May
from qtune.core.download.engine.job import Job, Piece
from qtune.core.download.engine.judging import Judging
from qtune.core.download.engine.lanes import Lanes
from qtune.core.download.engine.outlet import Outlet, alike
from qtune.core.download.events import Dropped, Retried, Waiting
from qtune.core.download.failures import cut_short, other_content, verdict
from qtune.core.download.line import Line
from qtune.core.download.response import Throttled
from qtune.core.download.roster import Roster
from qtune.core.download.store import Store
from qtune.core.errors import HubError, QtuneError, Unreachable
from qtune.core.http import timed_out
from qtune.core.hub.interface import Manifest, RepoFile
from qtune.core.text import Text
from qtune.core.wire.road import Road

IDLE_S = 2.0  # a connection that finds nothing to do for so long ends


@dataclass(frozen=True)
class Errand:
    """What is fetched, whose listing says so, where to; `together`: from all sources at once.

    `check` raises where the store is not ours to write to any more. `here` files of so many bytes are whole
    already: they are counted, not fetched.
    """

    manifest: Manifest
    store: Store
    roster: Roster
    together: bool
    check: Callable[[], None]
    here: tuple[int, int] = (0, 0)


class Run:
    """Thread-safe. `news` gets an item whenever the one who waits for the end should look."""

    def __init__(
        self, errand: Errand, jobs: Sequence[Job], outlets: Sequence[Outlet], road: Road, line: Line
    ) -> None:
        self.errand, self.jobs, self.outlets, self.road, self.line = (
            errand,
            jobs,
            outlets,
            road,
            line,
        )
        self.board = Board(jobs)
        self.news: queue.SimpleQueue[None] = queue.SimpleQueue()
        self.failure: BaseException | None = None
        self.lanes = Lanes()
        self.retries = 0
        self.kept = self.kept_bytes = 0  # files in the store, and what they hold
        self.received = 0
        self.excluded = False
        self.connect_s = float(line.settings.number("HF_HUB_ETAG_TIMEOUT"))
        self.read_s = float(line.settings.number("HF_HUB_DOWNLOAD_TIMEOUT"))
        self._lock = threading.RLock()
        self.judging = Judging(self)

    # who may send what

    @property
    def goes_on(self) -> bool:
        """Nothing has ended it: nobody is asked once more while the end is being told."""
        return self.failure is None

    @property
    def alone(self) -> bool:
        return len(self.errand.roster.active()) == 1

    def may(self, outlet: Outlet) -> May:
        """One source serves until it fails, or for a file that it does not have; or all do at once."""
        if outlet.beside is not None:
            usual = self.may(outlet.beside)
            return lambda job: (
                not outlet.closed
                and job.file.path in outlet.serves
                and outlet.name not in job.excluded
                and usual(job)
            )
        names = [supplier.name for supplier in self.errand.roster.active()]
        if outlet.name not in names:
            return lambda job: False
        before = () if self.errand.together else names[: names.index(outlet.name)]
        return lambda job: (
            outlet.name not in job.excluded and all(name in job.excluded for name in before)
        )

    def serving(self, outlet: Outlet) -> bool:
        """Nobody has given it up."""
        if outlet.beside is not None:
            return not outlet.closed and self.serving(outlet.beside)
        return self.errand.roster.error_of(outlet.supplier) is None

    def open_to(self, outlet: Outlet) -> bool:
        """Is it still a source? Another hub's own listing is read before its first byte."""
        with outlet.preparing:
            if not outlet.known and self.serving(outlet):
                self._prepare(outlet)
        return self.serving(outlet)

    def _prepare(self, outlet: Outlet) -> None:
        manifest = self.errand.manifest
        try:
            theirs = outlet.supplier.hub.manifest(
                manifest.repo_id, None, repo_type=manifest.repo_type
            )
        except QtuneError as error:  # also a listing that is too long: DownloadError
            self.give_up(outlet, error, self.jobs[0])
            return
        listed = {file.path: file for file in theirs.files}
        for job in self.jobs:
            there = listed.get(job.file.path)
            if there is None or not alike(there, job.file):
                self.exclude(outlet, other_content(job.file, outlet.supplier), job)
        outlet.commit, outlet.known = theirs.commit, True

    def take(self, outlet: Outlet, speed: float) -> Piece | None:
        sharers = sum(each.crew.count for each in self.outlets if self.lanes.of(each))
        return self.board.take(
            outlet.name,
            self.may(outlet),
            sharers,
            speed=speed,
            whole=outlet.whole,
            single=outlet.single,
        )

    def wait_for_work(self, outlet: Outlet) -> bool:
        """Whether there may be some now; False after a while without."""
        deadline = time.monotonic() + IDLE_S
        with self.board.changed:
            while not self.board.closed and time.monotonic() < deadline:
                if self.board.changed.wait(0.1):
                    return True
                if self.board.could_take(self.may(outlet)):
                    return True
        return False

    def rest(self, outlet: Outlet) -> None:
        """As long as the source wants to be left alone."""
        while (seconds := outlet.quiet_s()) > 0:
            self.line.pause(min(seconds, 0.5))

    # where to ask

    def address(self, outlet: Outlet, file: RepoFile) -> Address:
        manifest = self.errand.manifest
        at = outlet.supplier.hub.address(
            manifest.repo_id, outlet.commit, file.path, repo_type=manifest.repo_type
        )
        return Address(at.url, at.headers, hubs_own=True)

    def reason(self, outlet: Outlet, file: RepoFile) -> None:
        """Asks the hub why it refuses; raises what it says. Nothing, if it refuses no more."""
        manifest, hub = self.errand.manifest, outlet.supplier.hub
        hub.locate(manifest.repo_id, outlet.commit, file.path, repo_type=manifest.repo_type)

    def silent(self, outlet: Outlet, file: RepoFile) -> Unreachable:
        url = self.address(outlet, file).url
        error = timed_out(url, self.read_s, outlet.name)
        assert isinstance(error, Unreachable)
        return error

    # what has come

    def written(self, outlet: Outlet, job: Job, start: int, data: memoryview) -> None:
        trial = job.trial
        if trial is not None:
            old = memoryview(bytearray(len(data)))
            trial.note(start, bytes(old[: job.part.read(start, old)]), data)
        job.part.write(start, data, outlet.name)
        job.sent.add(outlet.name)
        self.came(len(data))
        self.judging.verifier.look(job, whole=False)

    def came(self, count: int) -> None:
        with self._lock:
            self.received += count

    def keeps(self, job: Job) -> None:
        """It is in the store."""
        with self._lock:
            job.kept = True
            self.kept += 1
            self.kept_bytes += job.file.size
        if self.kept == len(self.jobs):  # each of many small files would wake whoever waits for all
            self.news.put(None)

    def standing(self) -> tuple[int, int, list[Job]]:
        """How many files are in the store, what they hold, and the larger ones that are on their way."""
        with self._lock:
            under_way = [job for job in self.jobs if job.opened and not job.kept and not job.small]
            return self.kept, self.kept_bytes, under_way

    def outlet(self, name: str) -> Outlet:
        return next((o for o in self.outlets if o.name == name), self.outlets[0])

    # who fails

    def exclude(self, outlet: Outlet, error: QtuneError, job: Job) -> None:
        """A source without this one file may have the others."""
        self.board.exclude(job, outlet.name, error)
        self.excluded = True
        self.news.put(None)

    def give_up(self, outlet: Outlet, error: QtuneError, job: Job) -> None:
        """It is not asked again in this run. The last source's failure is the run's."""
        with self._lock:
            if not self.serving(outlet):
                return
            if outlet.beside is not None:
                outlet.closed = True
            elif not self.errand.roster.drop(outlet.supplier, error):
                known = [*self.errand.roster.errors, *job.excluded.values(), error]
                self.fail(verdict(job.file, known))
                return
            lanes = [lane for lane in self.lanes.all if lane.outlet is outlet]
        self.line.tell(Dropped(outlet.name, outlet.supplier.title, error.message))
        self.excluded = True
        for lane in lanes:
            lane.cut()
        with self.board.changed:
            self.board.changed.notify_all()
        self.news.put(None)

    def leave(self, outlet: Outlet, failure: Exception, job: Job) -> None:
        """Another way to the same hub is given up at its first fault: the usual one is there at once."""
        try:
            self.reason(outlet, job.file)
        except QtuneError as told:
            failure = told
        if not isinstance(failure, QtuneError):
            failure = cut_short(job.file, 0, outlet.supplier)
        self.give_up(outlet, failure, job)

    def stranded(self) -> QtuneError | None:
        """Why a file can come from nowhere any more, if there is such a file."""
        if not self.excluded:
            return None
        self.excluded = False
        names = [supplier.name for supplier in self.errand.roster.active()]
        for job in self.jobs:
            if job.kept or not all(name in job.excluded for name in names):
                continue
            if job.complete or job.pieces or self.judging.call_off(job):
                self.excluded = True  # its bytes may be right; else it is looked at again
            else:
                return verdict(job.file, [*self.errand.roster.errors, *job.excluded.values()])
        return None

    def told_to_wait(self, outlet: Outlet, told: Throttled, asked_at: float, job: Job) -> None:
        try:
            seconds = outlet.asks_to_wait(told.status, told.seconds, asked_at, self.alone)
        except HubError as error:
            self.give_up(outlet, error, job)
            return
        if seconds is not None:
            self.line.tell(Waiting(outlet.name, seconds, told.status))

    def retried(self, outlet: Outlet, job: Job, why: Text) -> None:
        with self._lock:
            self.retries += 1
        self.line.tell(Retried(outlet.name, job.file.path, why))

    def fail(self, error: BaseException) -> None:
        with self._lock:
            self.failure = self.failure or error
        self.news.put(None)
