"""How long a connection is patient: failures in a row, and how long it rests after each."""

from __future__ import annotations

import random
from dataclasses import dataclass

MOST_FAILURES = 5  # in a row, without a new byte; fewer where another source waits
MOST_FAILURES_WITH_ANOTHER = 2
MOST_RELOCATIONS = 3  # signed addresses refused in a row
MOST_WAITS, MOST_WAITS_WITH_ANOTHER = 8, 3  # that a source asks for in a row
LONGEST_WAIT_S = 300.0
FIRST_BACKOFF_S, LONGEST_BACKOFF_S = 0.25, 8.0


@dataclass
class Patience:
    """What went wrong in a row; a new byte makes it all good."""

    failures: int = 0
    relocations: int = 0

    def good(self) -> None:
        self.failures = self.relocations = 0


def most_failures(alone: bool) -> int:
    return MOST_FAILURES if alone else MOST_FAILURES_WITH_ANOTHER


def back_off_s(failures: int) -> float:
    longest = min(LONGEST_BACKOFF_S, FIRST_BACKOFF_S * 2.0**failures)
    return longest * random.uniform(0.5, 1.0)


def fallback_wait_s(waits: int) -> float:
    """For a host that asks to wait without saying how long."""
    return min(60.0, 2.0**waits)
