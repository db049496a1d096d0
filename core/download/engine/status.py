"""How a run stands, told a few times a second."""

from __future__ import annotations

import time

from qtune.core.download.engine.job import Job
from qtune.core.download.engine.outlet import Outlet
from qtune.core.download.engine.run import Run
from qtune.core.download.events import FileStatus, SourceStatus, Status
from qtune.core.download.pace import Pace

EVERY_S = 0.2


class Reporter:
    """Asked by one thread. `here` bytes of the files lay on the disk before the run."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._files_here, self._bytes_here = run.errand.here
        self._total = self._bytes_here + sum(job.file.size for job in run.jobs)
        self._pace = Pace()
        self._paces: dict[Outlet, Pace] = {outlet: Pace() for outlet in run.outlets}
        self._files: dict[Job, Pace] = {}
        self._seen: dict[Outlet, int] = {}
        self._next = self._then = 0.0

    def look(self, *, last: bool = False) -> None:
        now = time.monotonic()
        if now < self._next and not last:
            return
        self._next = now + EVERY_S
        elapsed, self._then = (now - self._then if self._then else 0.0), now
        for outlet in self._run.outlets:
            self._paces[outlet].note(now, outlet.received)
            if outlet.received > self._seen.get(outlet, 0):
                outlet.active_s += elapsed
            self._seen[outlet] = outlet.received
        self._run.line.tell(self._status(now))

    def _status(self, now: float) -> Status:
        jobs = self._run.jobs
        kept, done, under_way = self._run.standing()
        done += self._bytes_here + sum(job.part.here for job in under_way)
        self._pace.note(now, done)
        self._files = {job: self._files.get(job, Pace()) for job in under_way}
        return Status(
            done,
            self._total,
            self._files_here + kept,
            self._files_here + len(jobs),
            self._pace.bytes_per_second,
            self._pace.eta_s(self._total - done),
            self._run.retries,
            tuple(self._source(outlet) for outlet in self._run.outlets if self._in_use(outlet)),
            tuple(self._file(job, now) for job in under_way),
        )

    def _in_use(self, outlet: Outlet) -> bool:
        return bool(outlet.received or self._run.lanes.of(outlet))

    def _source(self, outlet: Outlet) -> SourceStatus:
        quiet = outlet.quiet_s()
        return SourceStatus(
            outlet.name,
            outlet.supplier.title,
            self._run.lanes.of(outlet),
            self._paces[outlet].bytes_per_second,
            outlet.received,
            quiet or None,
        )

    def _file(self, job: Job, now: float) -> FileStatus:
        done = _here(job)
        pace = self._files[job]
        pace.note(now, done)
        return FileStatus(
            job.file.path,
            job.file.size,
            done,
            self._run.judging.verifier.position(job),
            pace.bytes_per_second,
            len(job.pieces),
        )


def _here(job: Job) -> int:
    if job.kept:
        return job.file.size
    return job.part.here if job.opened and not job.small else 0
