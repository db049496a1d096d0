"""How many connections one source is worth: more while that brings more, fewer where it refuses."""

from __future__ import annotations

from dataclasses import dataclass

# Where the line is as fast as the machine, more of them only get in the way of each other.
FIRST = 2
MOST = 64  # beyond it no line that was measured gained
GAIN = 1.1  # what twice the connections must bring to be kept
BUSY = 0.7  # of each core: more connections are no help where the processor is the limit
IDLE = 0.3  # far from it: four times as many at once
# From a request to its first byte: so far away, to try and see costs more than connections.
FAR_S = 0.1
WINDOW_S = 0.1
AGAIN_S = 30.0  # lines change: one more trial now and then
AFTER_REFUSAL_S = 30.0


@dataclass
class Crew:
    """`count` is what there should be now, `cap` the most. `cores`: how many one process can keep busy.

    Speeds in bytes per second.
    """

    cap: int
    count: int = 0
    cores: int = 1
    growing: bool = True
    best: float = 0.0
    before: int = 0  # the count that `best` was measured with
    began: float = 0.0
    seen: int = 0
    cpu_seen: float = 0.0
    rests_until: float = 0.0

    def __post_init__(self) -> None:
        self.count = self.count or min(FIRST, self.cap)

    def note(self, now: float, received: int, cpu_s: float, round_trip_s: float) -> None:
        """Some time has passed; `received` bytes and `cpu_s` seconds of processor since the run began.

        `round_trip_s`: from a request to its first byte, which new connections need to show an effect.
        """
        if not received:
            return
        if not self.seen:
            if self.growing and round_trip_s >= FAR_S:
                self.count = self.cap
            self._begin(now, received, cpu_s)
            return
        if now - self.began < max(WINDOW_S, 2 * round_trip_s) or now < self.rests_until:
            return
        elapsed = now - self.began
        speed, busy = (received - self.seen) / elapsed, (cpu_s - self.cpu_seen) / elapsed
        if self.growing:
            self._grow(now, speed, busy)
        elif now - self.began >= AGAIN_S:
            self.growing, self.best = busy < BUSY * self.cores, 0.0
        else:
            return
        self._begin(now, received, cpu_s)

    def _begin(self, now: float, received: int, cpu_s: float) -> None:
        self.began, self.seen, self.cpu_seen = now, received, cpu_s

    def _grow(self, now: float, speed: float, busy: float) -> None:
        if speed < GAIN * self.best:
            self.growing = False
            self.count = max(1, min(self.before, self.cap))
            return
        self.best, self.before = speed, self.count
        if busy >= BUSY * self.cores or self.count >= self.cap:
            self.growing = False
            return
        self.count = min(self.cap, self.count * (4 if busy < IDLE else 2))

    def refused(self, now: float) -> None:
        """The host says that this is too much: 429, 403 or 503."""
        self.count = max(1, self.count // 2)
        self.growing, self.rests_until = False, now + AFTER_REFUSAL_S

    def limit(self, count: int) -> None:
        """It takes no more connections than so many."""
        self.cap = max(1, min(self.cap, count))
        self.count = min(self.count, self.cap)
