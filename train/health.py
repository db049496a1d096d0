"""Whether losses and gradients are numbers, watched on the device: reading them at each step would make it wait."""

from __future__ import annotations

from collections.abc import Iterator, Sized
from itertools import islice
from math import ceil
from typing import Any

import torch

# float16's scaler skips a step whose gradients overflow and goes on with a smaller scale: a few in a row are usual.
SKIPPED_IN_A_ROW = 32


class Health:
    """Counts micro-batches; the first that was bad is known when somebody asks."""

    def __init__(self, device: torch.device) -> None:
        self._seen = 0
        self._where: dict[
            int, tuple[int, int]
        ] = {}  # micro-batch -> (steps done, its place in the step)
        self._loss, self._norm, self._zero = (_First(device) for _ in range(3))
        self._streak = torch.zeros((), dtype=torch.long, device=device)

    def saw_loss(self, loss: torch.Tensor, steps: int) -> None:
        """`steps` are those done before."""
        last = self._where.get(self._seen)
        self._seen += 1
        self._where[self._seen] = (steps, last[1] + 1 if last and last[0] == steps else 0)
        loss = loss.detach()
        self._loss.note(~torch.isfinite(loss), self._seen)
        self._zero.note(loss == 0, self._seen)

    def saw_norm(self, norm: object, *, scaled: bool) -> None:
        """Of the gradients of one step; `scaled`: a scaler looks after overflows."""
        bad = ~torch.isfinite(torch.as_tensor(norm, device=self._streak.device))
        if not scaled:
            self._norm.note(bad, self._seen)
            return
        self._streak = torch.where(bad, self._streak + 1, 0)
        self._norm.note(self._streak >= SKIPPED_IN_A_ROW, self._seen)

    def bad_loss(self) -> tuple[int, int] | None:
        """Steps done before the first micro-batch whose loss was no number, and its place in the step."""
        return self._where.get(self._loss.number())

    def bad_norm(self) -> tuple[int, int] | None:
        return self._where.get(self._norm.number())

    def zero(self) -> tuple[int, int] | None:
        return self._where.get(self._zero.number())

    def forget(self) -> None:
        """All was well until here."""
        last = self._where.get(self._seen)
        self._where = {self._seen: last} if last else {}
        for first in (self._loss, self._norm, self._zero):
            first.forget()


class _First:
    """The number of the first micro-batch of which something was so; -1 when none."""

    def __init__(self, device: torch.device) -> None:
        self._there = torch.full((), -1, dtype=torch.long, device=device)
        self._waits = device.type != "cpu"  # else a look costs nothing

    def note(self, so: torch.Tensor, number: int) -> None:
        if self._waits:
            first = (self._there < 0) & so.to(self._there.device).any()
            self._there.copy_(torch.where(first, number, self._there))
        elif bool(so.any()) and self.number() < 0:
            self._there.fill_(number)

    def number(self) -> int:
        return int(self._there.item())

    def forget(self) -> None:
        self._there.fill_(-1)


def rows(trainer: Any, steps: int, place: int | None) -> list[str]:
    """`file:line` of what was in a micro-batch, or (`place` None) in all of the step after `steps`.

    The order of the data is drawn from the seed, so that it can be drawn again. Empty where the data
    does not say where it comes from.
    """
    loader = trainer.get_train_dataloader()
    origin = getattr(trainer.train_dataset, "origin", None)
    sampler = getattr(loader, "batch_sampler", None)
    if origin is None or not isinstance(loader, Sized) or sampler is None:
        return []
    accumulation = trainer.args.gradient_accumulation_steps
    epoch, inside = divmod(steps, max(ceil(len(loader) / accumulation), 1))
    parts: tuple[Any, ...] = (loader, sampler, getattr(sampler, "batch_sampler", None))
    for part in parts:
        if hasattr(part, "set_epoch"):
            part.set_epoch(epoch)
    first = inside * accumulation + min(place or 0, accumulation - 1)
    batches = islice(iter(sampler), first, first + (accumulation if place is None else 1))
    told = [
        f"{path}:{line}" for batch in batches for i in batch for path, line in _places(origin(i))
    ]
    return list(dict.fromkeys(told))


def _places(origin: Any) -> Iterator[tuple[object, int]]:
    """Of one example, or of all in a pack."""
    if isinstance(origin, tuple) and len(origin) == 2 and isinstance(origin[1], int):
        yield origin
    else:
        yield from origin
