"""The files of one run, fetched and verified: connections come and go here, and everyone is told how it goes."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from queue import Empty

from qtune.core.download.engine.beside import Beside, outlet_beside
from qtune.core.download.engine.crew import MOST, Crew
from qtune.core.download.engine.job import SMALL, Job
from qtune.core.download.engine.lane import Lane
from qtune.core.download.engine.outlet import Outlet
from qtune.core.download.engine.part import sweep
from qtune.core.download.engine.run import Errand, Run
from qtune.core.download.engine.stalls import OVER_S, stalled
from qtune.core.download.engine.status import Reporter
from qtune.core.download.events import Sent
from qtune.core.download.line import Line
from qtune.core.wire.road import Road

TICK_S = 0.05
MOST_CORES = 4  # receiving, writing and hashing run beside Python; more of them than this they hardly keep busy
FAREWELL_S = 0.7


@dataclass(frozen=True)
class Fetched:
    """`received` bytes came over the wire and were written; `sources` sent what was kept."""

    received: int
    sources: tuple[str, ...]
    sent: tuple[Sent, ...]
    retries: int


def fetch_all(jobs: Sequence[Job], errand: Errand, road: Road, line: Line) -> Fetched:
    """Every job's file is in the store when this returns.

    Raises HubError or DownloadError when no source can give a file, OSError as the disk does. The threads
    are daemons: one that hangs in a system call cannot keep the process from ending, and what it still
    receives it throws away.
    """
    outlets = _outlets(errand, line)
    another = outlet_beside(outlets, jobs, errand.manifest, line.settings)
    run = Run(errand, jobs, (*outlets, another) if another else outlets, road, line)
    beside: Beside | None = None
    try:
        beside = Beside(run, another) if another else None
        numbers, reporter, watch = count(1), Reporter(run), _Watch(run)
        for job in jobs:
            if not job.file.size:
                run.judging.is_empty(job)
            elif not job.small and job.part.path.exists():
                run.board.open(job)
                run.judging.look(job)
        while run.kept < len(jobs):
            line.check()
            if run.failure is not None:
                raise run.failure
            stranded = run.stranded()
            if stranded is not None:
                raise stranded
            _staff(run, numbers)
            watch.look()
            if beside is not None:
                beside.look()
            reporter.look()
            try:
                run.news.get(timeout=TICK_S)
            except Empty:
                continue
        # Every file is in the store: what failed beside that is past, but for an end that somebody asked for.
        if run.failure is not None and not isinstance(run.failure, Exception):
            raise run.failure
        reporter.look(last=True)
        for folder in {job.part.path.parent for job in jobs}:
            sweep(folder, SMALL)
    finally:
        _end(run)
        if beside is not None:
            beside.close()
    return Fetched(run.received, _senders(run), _sent(run), run.retries)


def _outlets(errand: Errand, line: Line) -> tuple[Outlet, ...]:
    suppliers = errand.roster.everyone
    text = line.settings.text("QTUNE_CONNECTIONS")
    most = MOST if text == "auto" else int(text)
    cap = max(1, most // len(suppliers)) if errand.together else most
    cores = min(MOST_CORES, os.cpu_count() or 1)
    return tuple(
        Outlet(supplier, Crew(cap, cores=cores), commit=supplier.commit, known=not supplier.lists)
        for supplier in suppliers
    )


def _staff(run: Run, numbers: count[int]) -> None:
    """As many connections as each source is worth now, and finds work for."""
    cpu, now = time.process_time(), time.monotonic()
    for outlet in run.outlets:
        outlet.crew.note(now, outlet.received, cpu, outlet.round_trip_s)
        if not run.serving(outlet):
            continue
        here = run.lanes.of(outlet)
        if here < outlet.crew.count:
            missing = min(
                outlet.crew.count - here, run.board.wants(run.may(outlet)) - run.lanes.idle(outlet)
            )
            for _ in range(missing):
                if not _begin(run, Lane(run, outlet, next(numbers))):
                    break
        elif here > outlet.crew.count:
            run.lanes.retire(outlet, here - outlet.crew.count)


def _begin(run: Run, lane: Lane) -> bool:
    """Raises RuntimeError where this process may have no thread at all; with some, those do."""
    run.lanes.joined(lane)
    try:
        lane.thread.start()
    except RuntimeError:
        run.lanes.left(lane)
        others = run.lanes.of(lane.outlet)
        if not others:
            raise
        lane.outlet.crew.limit(others)
        return False
    return True


class _Watch:
    """Connections that stopped moving are cut, so that their bytes are asked for anew."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._samples: dict[Lane, deque[tuple[float, int]]] = {}
        self._next = 0.0

    def look(self) -> None:
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + 0.5
        reading = self._run.lanes.reading
        self._samples = {lane: self._samples.get(lane, deque(maxlen=64)) for lane in reading}
        received, watched = {}, {}
        for lane, samples in self._samples.items():
            samples.append((now, lane.received))
            while samples and (
                now - samples[0][0] > OVER_S + 0.5 or samples[0][0] < lane.body_since
            ):
                samples.popleft()
            if len(samples) > 1:
                elapsed = samples[-1][0] - samples[0][0]
                received[lane] = samples[-1][1] - samples[0][1]
                watched[lane] = elapsed
                if lane.piece is not None:
                    lane.piece.speed = received[lane] / elapsed
        for lane in stalled(received, {lane: s + 0.5 for lane, s in watched.items()}):
            del self._samples[lane]
            lane.cut(stalled=True)


def _end(run: Run) -> None:
    run.board.close()
    run.line.cut()
    deadline = time.monotonic() + FAREWELL_S
    for lane in run.lanes.all:
        if lane.thread.ident is not None:  # ^C may have come before it began
            lane.thread.join(max(0.0, deadline - time.monotonic()))
    run.judging.verifier.end(max(0.05, deadline - time.monotonic()))
    for job in run.jobs:
        if not job.kept and not job.pieces:
            job.part.close()


def _senders(run: Run) -> tuple[str, ...]:
    """Who sent bytes that were kept, in the order of the sources."""
    kept = {name for job in run.jobs for name in job.sent}
    return tuple(outlet.name for outlet in run.outlets if outlet.name in kept)


def _sent(run: Run) -> tuple[Sent, ...]:
    return tuple(
        Sent(o.name, o.supplier.title, o.received, o.active_s) for o in run.outlets if o.received
    )
