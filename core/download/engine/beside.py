"""Xet beside plain HTTPS from the same hub: it joins when it is ready, and goes at its first fault, or when it is slower.

Nothing waits for it. What it brought stays; what it was asked for and did not bring is free again.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from qtune.core.download.engine.crew import Crew
from qtune.core.download.engine.job import Job
from qtune.core.download.engine.outlet import Outlet
from qtune.core.download.roster import Supplier
from qtune.core.download.xet import DEAD_S, FAIR_S, worth_going_on
from qtune.core.download.xet_hub import XetHub, candidate, open_on_loopback
from qtune.core.download.xet_run import State
from qtune.core.hub.interface import Manifest
from qtune.core.settings import Settings
from qtune.core.text import Text

if TYPE_CHECKING:
    from qtune.core.download.engine.run import Run

MOST = 4  # connections: the child has two requests under way for each, of some MiB in its memory
TICK_S = 0.25
RENEW_S, AGAIN_S = 300.0, 30.0  # before the token's end; after a renewal that failed
SLOWER = Text("slower here than plain HTTPS", "在当前网络中慢于普通 HTTPS")
DEAD = Text("nothing comes any more", "不再有数据传来")


def outlet_beside(
    outlets: Sequence[Outlet], jobs: Sequence[Job], manifest: Manifest, settings: Settings
) -> Outlet | None:
    """Another outlet of the hub that listed, closed until a `Beside` opens it; None where Xet is not to be used."""
    listing = replace(manifest, files=tuple(job.file for job in jobs))
    for plain in outlets:
        share = min(MOST, plain.crew.cap // 2)
        hub = candidate(plain.supplier.hub, listing, settings) if share else None
        if hub is not None:
            return Outlet(
                Supplier(hub, plain.commit),
                Crew(share),
                commit=plain.commit,
                beside=plain,
                serves=frozenset(file.path for file in hub.listing.files),
                closed=True,
                opens=open_on_loopback,
            )
    return None


class Beside:
    """`look` is asked again and again by the one who waits for the run's end, `close` at that end."""

    def __init__(self, run: Run, outlet: Outlet) -> None:
        assert outlet.beside is not None and isinstance(outlet.supplier.hub, XetHub)
        self._run, self._outlet, self._plain = run, outlet, outlet.beside
        self._hub = outlet.supplier.hub
        self._next = 0.0
        self._opened = False
        self._over = threading.Event()
        self._samples: deque[tuple[float, int, int]] = deque()
        threading.Thread(target=self._work, name="xet", daemon=True).start()

    def _work(self) -> None:
        line = self._run.line
        why = self._hub.begin(line.settings)
        if self._over.is_set():
            return
        if why is not None:
            line.say(
                Text(
                    f"Xet is not used: {why.en}. Plain HTTPS is.",
                    f"不使用 Xet：{why.zh}。改用普通 HTTPS。",
                )
            )
            return
        self._open()
        while not self._over.wait(max(AGAIN_S, self._hub.expires - time.time() - RENEW_S)):
            self._hub.renew(line.settings)

    def _open(self) -> None:
        """QTUNE_CONNECTIONS holds for both ways together."""
        self._plain.crew.limit(self._plain.crew.cap - self._outlet.crew.cap)
        self._opened, self._outlet.closed = True, False
        self._run.news.put(None)

    def look(self) -> None:
        now = time.monotonic()
        if now < self._next or not self._opened:
            return
        self._next = now + TICK_S
        if self._run.serving(self._outlet):
            self._judge(now)
        if not self._run.serving(self._outlet):
            self._leave()

    def _judge(self, now: float) -> None:
        xet, run = self._hub.run, self._run
        assert xet is not None
        busy = sum(lane.outlet is self._outlet for lane in run.lanes.reading)
        if xet.poll() is State.FAILED:
            run.give_up(self._outlet, self._hub.ended(), run.jobs[0])
        elif not busy:
            xet.begins_now()
            self._samples.clear()
        else:
            elapsed, came = xet.lately(now)
            if not worth_going_on(elapsed, came, self._plain_speed(now) * busy):
                why = SLOWER if came else DEAD
                run.give_up(self._outlet, self._hub.ended(why), run.jobs[0])

    def _plain_speed(self, now: float) -> float:
        """Of one connection, lately; 0 where nobody knows."""
        samples = self._samples
        samples.append((now, self._plain.received, self._run.lanes.of(self._plain)))
        while samples[-1][0] - samples[0][0] > DEAD_S:
            samples.popleft()
        elapsed = samples[-1][0] - samples[0][0]
        lanes = sum(count for _, _, count in samples) / len(samples)
        if elapsed < FAIR_S or not lanes:
            return 0.0
        return (samples[-1][1] - samples[0][1]) / elapsed / lanes

    def _leave(self) -> None:
        self._opened = False
        self._over.set()
        self._plain.crew.cap += self._outlet.crew.cap
        self._hub.end()

    def close(self) -> None:
        self._over.set()
        self._hub.end()
