"""One optimizer step of a Trainer, cut into micro-batches here: they may shrink, the step stays the same.

To transformers each step is one batch without accumulation. What is in it depends on seed and epoch alone;
into how many pieces it is cut, on the memory. Where that ends, the step is begun again with smaller pieces.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch.utils.data import DataLoader, Dataset
from transformers import Trainer

from qtune.train.batches import micro
from qtune.train.batches.bins import lengths_of
from qtune.train.batches.micro import Example, Layout, Step
from qtune.train.batches.order import Steps
from qtune.train.batchsize import Room, kept
from qtune.train.events import Log, Say
from qtune.train.loss import IGNORED


@dataclass
class Feed:
    """How the examples reach the model; `size` is the effective batch of one process."""

    layout: Layout
    room: Room
    size: int
    say: Say
    grouped: bool = False
    shuffled: bool = True
    probing: bool = False


class Examples(Dataset[Example]):
    """A dataset of which a whole step is taken at once."""

    def __init__(self, texts: Any) -> None:
        self.texts = texts
        self.lengths = lengths_of(texts)

    def __len__(self) -> int:
        return len(self.texts)

    def __getitem__(self, index: int) -> Example:
        return micro.example(self.texts[index])

    def __getitems__(self, indices: list[int]) -> Step:
        return Step(tuple(self[index] for index in indices), tuple(indices))


class _Loader(DataLoader[Example]):
    def set_epoch(self, epoch: int) -> None:
        self.batch_sampler.set_epoch(epoch)  # type: ignore[union-attr]


def _same(step: Any) -> Any:
    return step


class Stepping(Trainer):
    """A Trainer whose batches are steps; stands behind Safe, which sees each of them as one loss."""

    def __init__(self, *, feed: Feed, **options: Any) -> None:
        self.feed = feed
        super().__init__(**options)
        if feed.layout.pieces:  # the loss that was installed takes a count, whatever the model says
            self.model_accepts_loss_kwargs = True
        self.examples = Examples(self.train_dataset)
        self.parameters_counted = 0

    def get_train_dataloader(self) -> DataLoader[Any]:
        args = self.args
        steps = Steps(
            self.examples.lengths,
            self.feed.size,
            args.data_seed if args.data_seed is not None else args.seed,
            dropping=args.dataloader_drop_last,
            grouped=self.feed.grouped,
            shuffled=self.feed.shuffled,
            rank=args.process_index,
            world=args.world_size,
        )
        return _Loader(
            self.examples,
            batch_sampler=steps,
            collate_fn=_same,
            num_workers=args.dataloader_num_workers,
            persistent_workers=args.dataloader_persistent_workers,
            prefetch_factor=args.dataloader_prefetch_factor,
            generator=torch.Generator(),  # the global one belongs to the model's dropout
        )

    def _get_num_items_in_batch(self, batch_samples: list[Any], device: torch.device) -> Any:
        """The tokens that all processes learn in this step."""
        if not all(isinstance(step, Step) for step in batch_samples):
            return super()._get_num_items_in_batch(batch_samples, device)
        count = torch.tensor(sum(step.learnt for step in batch_samples), device=device)
        if self.args.world_size > 1:
            count = self.accelerator.gather(count.reshape(1)).sum()
        return count

    def training_step(
        self, model: Any, inputs: Any, num_items_in_batch: Any = None
    ) -> torch.Tensor:
        if not isinstance(inputs, Step):
            return super().training_step(model, inputs, num_items_in_batch)
        before = _randomness()
        while True:
            try:
                return self._accumulate(model, inputs, num_items_in_batch)
            except (RuntimeError, MemoryError) as error:
                # Processes that wait for each other's gradients cannot begin anew one by one.
                if self.args.world_size > 1 or not self.feed.room.shrink(error, inputs):
                    raise
            model.zero_grad()
            _restore(before)
            if torch.cuda.is_available():
                torch.cuda.empty_cache()
            self.feed.say(Log(self.feed.room.text(), "warning"))

    def _accumulate(self, model: Any, step: Step, count: Any) -> torch.Tensor:
        batches = micro.cut(step, self.feed.layout, self.feed.room.tokens)
        batches += [[self._silent()]] * (self._turns(len(batches)) - len(batches))
        total = torch.zeros((), device=self.args.device)
        for turn, batch in enumerate(batches):
            last = turn == len(batches) - 1
            self.current_gradient_accumulation_steps = self._divisor(batch, count)
            with nullcontext() if last else self.accelerator.no_sync(model=model):
                total += super().training_step(
                    model, micro.inputs(batch, self.feed.layout), num_items_in_batch=count
                )
        return total

    def _divisor(self, batch: Sequence[Example], count: Any) -> Any:
        """By which transformers divides a loss that is the mean of a micro-batch: so that the sum is the
        mean of the step, as where the model takes the step's count."""
        if self.model_accepts_loss_kwargs:
            return 1
        if self.label_smoother is not None:  # counts itself; processes are averaged all the same
            return 1 / self.args.world_size
        mine = sum(each.learnt for each in batch)
        return count / (max(mine, 1) * self.args.world_size)

    def _turns(self, mine: int) -> int:
        """How many micro-batches each process makes of the step: sharded weights are gathered in each."""
        if self.args.world_size == 1:
            return mine
        if not self.is_fsdp_enabled:
            return max(mine, 1)
        here = torch.tensor([mine], device=self.args.device)
        return max(int(self.accelerator.gather(here).max()), 1)

    def _silent(self) -> Example:
        """Of which nothing is learnt: for a process that has no example left in this step."""
        one = self.examples[0]
        return replace(one, labels=[IGNORED] * len(one.labels))

    def floating_point_ops(self, inputs: Any) -> int:
        if not isinstance(inputs, Step):
            return int(super().floating_point_ops(inputs))
        if not self.parameters_counted:
            self.parameters_counted = self.model.num_parameters(exclude_embeddings=True)  # type: ignore[union-attr, operator]
        return 6 * inputs.tokens * self.parameters_counted

    def _track_num_input_tokens(self, inputs: Any) -> None:
        seen = inputs.tokens
        if self.args.world_size > 1:
            here = torch.tensor([seen], device=self.args.device)
            seen = int(self.accelerator.gather(here).sum())
        self.state.num_input_tokens_seen += seen

    def train(self, resume_from_checkpoint: Any = None, *args: Any, **options: Any) -> Any:
        if room := kept(resume_from_checkpoint):
            self.feed = replace(self.feed, room=room, probing=False)
        return super().train(resume_from_checkpoint, *args, **options)

    def _inner_training_loop(self, *args: Any, **options: Any) -> Any:
        if self.feed.probing and self.args.world_size == 1:
            self._probe()
        return super()._inner_training_loop(*args, **options)

    def _probe(self) -> None:
        """Try the step of the longest examples once, without learning from it."""
        order = sorted(range(len(self.examples)), key=lambda i: -self.examples.lengths[i])
        before = _randomness()
        step = self.examples.__getitems__(order[: self.feed.size])
        with self.accelerator.autocast():  # the model will be wrapped in it, and is not yet
            Stepping.training_step(self, self.model, step, torch.tensor(step.learnt))
        self.model.zero_grad()  # type: ignore[union-attr]
        _restore(before)


def _randomness() -> tuple[torch.Tensor, torch.Tensor | None]:
    return torch.get_rng_state(), torch.cuda.get_rng_state() if torch.cuda.is_available() else None


def _restore(state: tuple[torch.Tensor, torch.Tensor | None]) -> None:
    torch.set_rng_state(state[0])
    if state[1] is not None:
        torch.cuda.set_rng_state(state[1])
