"""Which connections have stopped moving while the others go on: pure."""

from __future__ import annotations

from collections.abc import Mapping
from statistics import median
from typing import TypeVar

OVER_S = 8.0  # how long a connection is watched before it is judged
FRACTION = 20  # of the median speed
FEWEST = 3  # connections that make a median; of fewer, none is measured by another

Key = TypeVar("Key")


def stalled(received: Mapping[Key, int], watched_s: Mapping[Key, float]) -> list[Key]:
    """Those that received less than a twentieth of the median, given bytes over the last OVER_S seconds.

    A line that is slow for all has no stalled connection: each is as good as the next.
    """
    judged = [key for key in received if watched_s.get(key, 0.0) >= OVER_S]
    if len(received) < FEWEST or not judged:
        return []
    usual = median(received[key] for key in judged) if len(judged) >= FEWEST else 0
    usual = max(usual, median(received.values()))
    return [key for key in judged if received[key] * FRACTION < usual]
