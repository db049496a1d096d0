"""How much may be sent, and how fast: shared by all the bodies that are measured together."""

from __future__ import annotations

import threading
import time


class Pace:
    """`take` says how long to wait after that many bytes, so that all who take stay below the rate."""

    def __init__(self, bytes_per_second: int) -> None:
        self.bytes_per_second = bytes_per_second
        self._lock = threading.Lock()
        self._due = 0.0

    def take(self, amount: int) -> float:
        with self._lock:
            now = time.monotonic()
            self._due = max(self._due, now) + amount / self.bytes_per_second
            return self._due - now


class Allowance:
    """So many bytes in all, and not one more."""

    def __init__(self, amount: int) -> None:
        self._lock = threading.Lock()
        self._left = amount

    @property
    def spent(self) -> bool:
        with self._lock:
            return self._left <= 0

    def take(self, amount: int) -> int:
        """How many of these bytes may still be sent."""
        with self._lock:
            allowed = max(0, min(amount, self._left))
            self._left -= amount
            return allowed


class Quota:
    """So many requests in every window of so many seconds."""

    def __init__(self, requests: int, seconds: float) -> None:
        self.requests, self.seconds = requests, seconds
        self._lock = threading.Lock()
        self._opened = 0.0
        self._used = 0

    def take(self) -> tuple[int, float]:
        """What is left after this request, below zero when it was one too many; seconds to the next window."""
        with self._lock:
            now = time.monotonic()
            if now >= self._opened + self.seconds:
                self._opened, self._used = now, 0
            self._used += 1
            return self.requests - self._used, self._opened + self.seconds - now
