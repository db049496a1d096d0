"""Packing: short examples laid together into bins of at most max_length tokens, as full as they come."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Sequence
from typing import Any

from torch.utils.data import Dataset


class Packed(Dataset[dict[str, Any]]):
    """Bins of another dataset's entries; each bin counts as one example of a batch."""

    def __init__(self, texts: Any, size: int) -> None:
        lengths = lengths_of(texts)
        self.texts = texts
        self.bins = fill(lengths, size)
        self.lengths = [sum(lengths[index] for index in each) for each in self.bins]
        if hasattr(texts, "origin"):
            self.origin = self._origin

    def _origin(self, number: int) -> tuple[Any, ...]:
        return tuple(self.texts.origin(index) for index in self.bins[number])

    def __len__(self) -> int:
        return len(self.bins)

    def __getitem__(self, number: int) -> dict[str, Any]:
        rows = [self.texts[index] for index in self.bins[number]]
        return {
            "input_ids": [token for row in rows for token in row["input_ids"]],
            "labels": [label for row in rows for label in row["labels"]],
            "rows": tuple(len(row["input_ids"]) for row in rows),
        }


def lengths_of(texts: Any) -> Sequence[int]:
    """In tokens; a dataset that knows them says so."""
    known: Sequence[int] | None = getattr(texts, "lengths", None)
    return known if known is not None else [len(row["input_ids"]) for row in texts]


def fill(lengths: Sequence[int], size: int) -> list[list[int]]:
    """Best fit, longest first: each example goes into the fullest bin that has room for it.

    Every example is in exactly one bin, whole. Bins come in the order of their first example, and
    within a bin the order is that of the examples, so that the result depends on the lengths alone.
    """
    bins: list[list[int]] = []
    room: list[tuple[int, int]] = []  # (tokens left, bin), sorted
    for index in sorted(range(len(lengths)), key=lambda each: (-lengths[each], each)):
        length = lengths[index]
        place = bisect_left(room, (length, -1))
        if place == len(room):
            bins.append([index])
            left, number = size - length, len(bins) - 1
        else:
            left, number = room.pop(place)
            bins[number].append(index)
            left -= length
        if left > 0:
            insort(room, (left, number))
    return sorted(sorted(each) for each in bins)
