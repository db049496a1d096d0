"""Which bytes of a file are here: sorted, disjoint stretches, each with the name of who sent it."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Stretch:
    """Bytes `start` to `end`, the latter not included. `source`: who sent them, "" where nobody knows."""

    start: int
    end: int
    source: str = ""

    @property
    def length(self) -> int:
        return self.end - self.start


class Intervals:
    """Not thread-safe. A later stretch takes the place of what it covers: its bytes were written later."""

    def __init__(self) -> None:
        self._stretches: list[Stretch] = []

    def __iter__(self) -> Iterator[Stretch]:
        return iter(self._stretches)

    def __len__(self) -> int:
        return len(self._stretches)

    @property
    def total(self) -> int:
        return sum(stretch.length for stretch in self._stretches)

    @property
    def prefix(self) -> int:
        """How many bytes from the start on are here without a gap."""
        end = 0
        for stretch in self._stretches:
            if stretch.start > end:
                break
            end = stretch.end
        return end

    def add(self, start: int, end: int, source: str = "") -> None:
        if start >= end:
            return
        left, right = self._cut(start, end)
        new = Stretch(start, end, source)
        if left and self._stretches[left - 1].end == start:
            before = self._stretches[left - 1]
            if before.source == source:
                left, new = left - 1, Stretch(before.start, end, source)
        if right < len(self._stretches) and self._stretches[right].start == end:
            after = self._stretches[right]
            if after.source == source:
                right, new = right + 1, Stretch(new.start, after.end, source)
        self._stretches[left:right] = [new]

    def remove(self, start: int, end: int) -> None:
        if start < end:
            left, right = self._cut(start, end)
            del self._stretches[left:right]

    def gaps(self, size: int) -> list[tuple[int, int]]:
        """What of `size` bytes is not here."""
        found, at = [], 0
        for stretch in self._stretches:
            if stretch.start > at:
                found.append((at, stretch.start))
            at = stretch.end
        if at < size:
            found.append((at, size))
        return found

    def _cut(self, start: int, end: int) -> tuple[int, int]:
        """Divides what crosses either border; the indexes of what then lies between them."""
        for border in (start, end):
            index = bisect_right(self._stretches, border, key=lambda s: s.start) - 1
            if index >= 0:
                found = self._stretches[index]
                if found.start < border < found.end:
                    self._stretches[index : index + 1] = [
                        Stretch(found.start, border, found.source),
                        Stretch(border, found.end, found.source),
                    ]
        left = bisect_left(self._stretches, start, key=lambda s: s.start)
        return left, bisect_left(self._stretches, end, key=lambda s: s.start)
