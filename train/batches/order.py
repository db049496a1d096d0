"""Which examples each optimizer step sees: drawn from seed and epoch alone, so that a resumed run sees the same."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch.utils.data import Sampler

MIXED = 50  # steps among which `group_by_length` sorts; more would hand out the lengths in order


class Steps(Sampler[list[int]]):
    """For each optimizer step the examples of this process; all processes' together are the step.

    `size` is the effective batch of all processes. With `dropping` the last step is left out where it is
    not full; `grouped` puts examples of like length into one step; `shuffled` off keeps the file's order.
    """

    def __init__(
        self,
        lengths: Sequence[int],
        size: int,
        seed: int,
        *,
        dropping: bool = False,
        grouped: bool = False,
        shuffled: bool = True,
        rank: int = 0,
        world: int = 1,
    ) -> None:
        self.lengths = lengths
        self.size = size
        self.seed = seed
        self.dropping = dropping and len(lengths) >= size
        self.grouped = grouped
        self.shuffled = shuffled
        self.rank = rank
        self.world = world
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        self.epoch = epoch

    def __len__(self) -> int:
        whole, rest = divmod(len(self.lengths), self.size)
        return whole + (rest > 0 and not self.dropping)

    def __iter__(self) -> Iterator[list[int]]:
        for step in self.steps():
            yield share(step, self.lengths, self.rank, self.world)

    def steps(self) -> list[list[int]]:
        """Of this epoch, each with the examples of all processes."""
        generator = torch.Generator().manual_seed((self.seed * 1_000_003 + self.epoch) % (1 << 63))
        count = len(self.lengths)
        drawn = (
            torch.randperm(count, generator=generator).tolist()
            if self.shuffled
            else list(range(count))
        )
        if self.grouped:
            drawn = self._alike(drawn)
        steps = [drawn[start : start + self.size] for start in range(0, count, self.size)]
        if self.dropping:
            steps = steps[: len(self)]
        if self.grouped:
            last = [steps.pop()] if len(steps[-1]) < self.size else []
            places = torch.randperm(len(steps), generator=generator).tolist()
            steps = [steps[place] for place in places] + last
        return steps

    def _alike(self, drawn: list[int]) -> list[int]:
        span = MIXED * self.size
        alike: list[int] = []
        for start in range(0, len(drawn), span):
            some = drawn[start : start + span]
            alike += sorted(some, key=lambda index: -self.lengths[index])
        return alike


def share(step: Sequence[int], lengths: Sequence[int], rank: int, world: int) -> list[int]:
    """The examples of one process: as many as the others have, and about as many tokens.

    Where a step has fewer examples than there are processes, some have none.
    """
    if world == 1:
        return list(step)
    longest = sorted(range(len(step)), key=lambda place: (-lengths[step[place]], place))
    mine = []
    for place, position in enumerate(longest):
        lap, seat = divmod(place, world)
        if (seat if lap % 2 == 0 else world - 1 - seat) == rank:
            mine.append(position)
    return [step[position] for position in sorted(mine)]
