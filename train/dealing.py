"""Deals the batches of an evaluation out to several ranks: each row once, and as many batches for each.

accelerate's own way fills the last round with rows from the beginning, which then count twice. Here a rank
without a batch gets a blank: a row without a label, which adds nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sized
from typing import Any

from torch.utils.data import DataLoader, Dataset, Sampler

from qtune.train.world import World

IGNORED = -100  # the label that torch's loss leaves out


class Dealt(Sampler[list[int]]):
    """Every `size`-th batch, beginning with the `rank`-th; ~i stands for the i-th row without labels."""

    def __init__(self, batches: Iterable[list[int]], rank: int, size: int) -> None:
        self.batches, self.rank, self.size = batches, rank, size

    def __iter__(self) -> Iterator[list[int]]:
        count = 0
        batch: list[int] = []
        for batch in self.batches:
            if count % self.size == self.rank:
                yield batch
            count += 1
        if 0 < count % self.size <= self.rank:
            yield [~batch[0]]

    def __len__(self) -> int:
        assert isinstance(self.batches, Sized)
        return math.ceil(len(self.batches) / self.size)


class Blanks(Dataset[Any]):
    def __init__(self, rows: Any) -> None:
        self.rows = rows

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> Any:
        if index >= 0:
            return self.rows[index]
        row = self.rows[~index]
        return {**row, "labels": [IGNORED] * len(row["labels"])}


def deal(loader: DataLoader[Any], world: World) -> DataLoader[Any]:
    """`loader` is as accelerate prepared it; one over a stream stays as it is."""
    share: Any = loader.batch_sampler
    if world.size == 1 or share is None or not isinstance(loader.dataset, Sized):
        return loader
    batches = getattr(share, "batch_sampler", share)  # inside accelerate's own dealing
    return DataLoader(
        Blanks(loader.dataset),
        batch_sampler=Dealt(batches, world.rank, world.size),
        collate_fn=loader.collate_fn,
        num_workers=loader.num_workers,
        pin_memory=loader.pin_memory,
    )
