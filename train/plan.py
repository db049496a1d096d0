"""How long a run will be: pure arithmetic, for the dry run and for the trainer's own check."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import cast

from qtune.core.runconfig import RunConfig
from qtune.train.gang import DEALT, effective, micro_batch


@dataclass(frozen=True)
class Plan:
    """`batch` is the number of examples behind one optimizer step; `checkpoints` those kept."""

    examples: int
    epochs: float
    batch: int
    steps_per_epoch: int
    steps: int
    warmup_steps: int
    save_every: int | None
    checkpoints: int


def plan(config: RunConfig, examples: int, ranks: int = 1) -> Plan:
    """`examples` is the number of usable rows, or of training texts where the template splits rows.

    `ranks` is how many processes share the batch.
    """
    training = config.training
    batch = effective(config, ranks)
    # What drop_last drops: a step that is not full, or for a library's own trainer a micro-batch.
    unit = batch if config.method in DEALT else micro_batch(config, ranks)
    whole = math.floor if training.get("dataloader_drop_last") else math.ceil
    per_epoch = max(math.ceil(whole(examples / unit) * unit / batch), 1)
    max_steps = cast("int", training.get("max_steps", -1))
    if max_steps > 0:
        steps, epochs = max_steps, max_steps / per_epoch
    else:
        epochs = float(cast("float", training["num_train_epochs"]))
        steps = math.ceil(epochs * per_epoch)
    save_every, saves = _saves(config, steps, per_epoch)
    limit = cast("int", training.get("save_total_limit") or saves)
    return Plan(
        examples=examples,
        epochs=epochs,
        batch=batch,
        steps_per_epoch=per_epoch,
        steps=steps,
        warmup_steps=_share(cast("float", training["warmup_steps"]), steps),
        save_every=save_every,
        checkpoints=min(saves, limit),
    )


def _saves(config: RunConfig, steps: int, per_epoch: int) -> tuple[int | None, int]:
    strategy = config.training["save_strategy"]
    if strategy == "no":
        return None, 0
    every = per_epoch
    if strategy == "steps":
        every = max(_share(cast("float", config.training["save_steps"]), steps), 1)
    return every, math.ceil(steps / every)


def _share(value: float, steps: int) -> int:
    """transformers takes a number below 1 as a share of all steps, rounded up."""
    return math.ceil(steps * value) if value < 1 else int(value)
