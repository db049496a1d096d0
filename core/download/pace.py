"""How fast a download goes and how long it will take, from how much was done when: calm, and silent until it knows."""

from __future__ import annotations

import math

_QUICK_S = 3.0  # the speed that is shown follows the line within seconds
_CALM_S = 15.0  # the time that is left does not jump with each burst
_KNOWN_AFTER_S = 1.5
_SILENT_S = 20.0  # after so long without a byte nobody knows how long it will take


class _Average:
    """Amount per time, each older second counting less: of the first seconds it is the plain mean."""

    def __init__(self, memory_s: float) -> None:
        self._memory_s = memory_s
        self._amount = self._time = 0.0

    def note(self, elapsed_s: float, amount: float) -> None:
        fading = math.exp(-elapsed_s / self._memory_s)
        self._amount = self._amount * fading + amount
        self._time = self._time * fading + elapsed_s

    @property
    def per_second(self) -> float:
        return self._amount / self._time if self._time > 0 else 0.0


class Pace:
    """Not for several threads: whoever samples, asks."""

    def __init__(self) -> None:
        self._last: tuple[float, float] | None = None
        self._forget(0.0)

    def _forget(self, now: float) -> None:
        self._quick, self._calm = _Average(_QUICK_S), _Average(_CALM_S)
        self._begun = self._moved = now

    def note(self, now: float, done: float) -> None:
        """`done` bytes are there at `now` (seconds of a clock that never goes back).

        The first sample is where it begins: what was there before was not fetched. Bytes that were taken
        back, because they were wrong, are no speed below zero.
        """
        if self._last is None:
            self._last = (now, done)
            self._forget(now)
            return
        then, before = self._last
        if now <= then:
            return
        self._last = (now, done)
        if done > before and then - self._moved > _SILENT_S:
            self._forget(now)  # a line that was dead for long says nothing about the one that lives
            return
        self._quick.note(now - then, max(0.0, done - before))
        self._calm.note(now - then, max(0.0, done - before))
        if done > before:
            self._moved = now

    @property
    def bytes_per_second(self) -> float:
        """Of the last few seconds; 0 before two samples."""
        return self._quick.per_second

    def eta_s(self, left: float) -> float | None:
        """Seconds until `left` more bytes are there; None while nobody can know."""
        if left <= 0:
            return 0.0
        if self._last is None or not self._calm.per_second:
            return None
        now = self._last[0]
        if now - self._begun < _KNOWN_AFTER_S or now - self._moved > _SILENT_S:
            return None
        return left / self._calm.per_second
