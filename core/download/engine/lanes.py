"""The connections that are at work."""

from __future__ import annotations

import threading

from qtune.core.download.engine.job import Piece
from qtune.core.download.engine.lane import Lane
from qtune.core.download.engine.outlet import Outlet


class Lanes:
    """Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lanes: set[Lane] = set()

    def of(self, outlet: Outlet) -> int:
        with self._lock:
            return sum(lane.outlet is outlet and not lane.retired for lane in self._lanes)

    def others_receive(self, piece: Piece) -> bool:
        """Is another connection reading a part of this file from the same source?"""
        with self._lock:
            return any(
                lane.body_since and lane.piece and lane.piece.job is piece.job
                for lane in self._lanes
                if lane.piece is not piece and lane.outlet.name == piece.source
            )

    def joined(self, lane: Lane) -> None:
        with self._lock:
            self._lanes.add(lane)

    def retire(self, outlet: Outlet, count: int) -> None:
        """So many of its connections end after their piece."""
        with self._lock:
            active = [lane for lane in self._lanes if lane.outlet is outlet and not lane.retired]
            for lane in active[:count]:
                lane.retire()

    @property
    def all(self) -> list[Lane]:
        with self._lock:
            return list(self._lanes)

    @property
    def reading(self) -> list[Lane]:
        """Those in the middle of a body."""
        return [lane for lane in self.all if lane.body_since]

    def idle(self, outlet: Outlet) -> int:
        """Connections that are about to look for work."""
        with self._lock:
            return sum(
                lane.outlet is outlet and not lane.retired and lane.piece is None
                for lane in self._lanes
            )

    def left(self, lane: Lane) -> None:
        with self._lock:
            self._lanes.discard(lane)
