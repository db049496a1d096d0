"""The rows that are kept out of training and evaluated: those of eval_data, or a share of the training's."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import TypeVar

from qtune.core.runconfig import RunConfig

T = TypeVar("T")


def share(config: RunConfig) -> float:
    """Of the training rows; eval_data makes it needless."""
    return 0.0 if config.eval_data else config.eval_share


def split(rows: Sequence[T], share: float, seed: int) -> tuple[tuple[T, ...], tuple[T, ...]]:
    """Those to train on and those to evaluate on, each in its order; of both at least one where there are two.

    The same seed, share and number of rows keep the same rows out.
    """
    if not share or len(rows) < 2:
        return tuple(rows), ()
    count = min(max(round(share * len(rows)), 1), len(rows) - 1)
    kept_out = set(random.Random(seed).sample(range(len(rows)), count))
    return (
        tuple(row for i, row in enumerate(rows) if i not in kept_out),
        tuple(row for i, row in enumerate(rows) if i in kept_out),
    )
