"""How long rows are, from how often each length occurs: bins, and the lengths below which a share of them lies."""

from __future__ import annotations

from collections.abc import Mapping


def bins(lengths: Mapping[int, int]) -> list[tuple[int, int]]:
    """(up to, how many), the bounds powers of two; without the empty bins at both ends."""
    counted: dict[int, int] = {}
    for length, count in lengths.items():
        bound = 1 << max(length - 1, 0).bit_length()
        counted[bound] = counted.get(bound, 0) + count
    if not counted:
        return []
    first, last = (bound.bit_length() - 1 for bound in (min(counted), max(counted)))
    return [(1 << power, counted.get(1 << power, 0)) for power in range(first, last + 1)]


def below(lengths: Mapping[int, int], share: float) -> int:
    """The length that this share of the rows does not exceed; 0 without any row."""
    total, met = sum(lengths.values()), 0
    for length in sorted(lengths):
        met += lengths[length]
        if met >= share * total:
            return length
    return 0
