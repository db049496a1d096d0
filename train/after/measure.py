"""The loss on texts the model was not trained on: the mean over every token that it had to write."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
import torch.nn.functional as functional

from qtune.train.texts.example import IGNORED

Example = dict[str, list[int]]
_TOKENS = {"cuda": 8192, "cpu": 2048, "mps": 2048}  # of a batch, padding and all


@torch.inference_mode()
def loss(
    model: Any, examples: Sequence[Example], device: str, pad: int, went: Callable[[int], None]
) -> tuple[float, int]:
    """The sum of the losses, and over how many tokens; `went` is told of each batch."""
    total, count = 0.0, 0
    room = _TOKENS.get(device, 2048)
    for batch in _batches(examples, room):
        some, tokens = _halving(model, batch, device, pad)
        total += some
        count += tokens
        went(len(batch))
    return total, count


def _batches(examples: Sequence[Example], room: int) -> Iterator[list[Example]]:
    """Of similar lengths, so that little is padded; longest first: what does not fit fails at once."""
    batch: list[Example] = []
    for example in sorted(examples, key=lambda e: -len(e["input_ids"])):
        if batch and (len(batch) + 1) * len(batch[0]["input_ids"]) > room:
            yield batch
            batch = []
        batch.append(example)
    if batch:
        yield batch


def _halving(model: Any, batch: list[Example], device: str, pad: int) -> tuple[float, int]:
    try:
        return _one(model, batch, device, pad)
    except torch.OutOfMemoryError:
        if len(batch) == 1:
            raise
    torch.cuda.empty_cache()
    middle = len(batch) // 2
    first, second = (
        _halving(model, part, device, pad) for part in (batch[:middle], batch[middle:])
    )
    return first[0] + second[0], first[1] + second[1]


def _one(model: Any, batch: list[Example], device: str, pad: int) -> tuple[float, int]:
    width = max(len(example["input_ids"]) for example in batch)

    def padded(rows: list[list[int]], filler: int) -> torch.Tensor:
        return torch.tensor([row + [filler] * (width - len(row)) for row in rows], device=device)

    ids = padded([example["input_ids"] for example in batch], pad)
    labels = padded([example["labels"] for example in batch], IGNORED)[:, 1:]
    learnt = labels != IGNORED
    # Only where some row has a word to say; of a vocabulary of 150,000 the rest would be the most.
    places = learnt.any(dim=0).nonzero().squeeze(1)
    if not len(places):
        return 0.0, 0
    mask = padded([[1] * len(example["input_ids"]) for example in batch], 0)
    logits = model(
        input_ids=ids, attention_mask=mask, logits_to_keep=places, use_cache=False
    ).logits
    wanted = labels[:, places]
    total = functional.cross_entropy(
        logits.float().flatten(0, 1), wanted.flatten(), ignore_index=IGNORED, reduction="sum"
    )
    return float(total), int((wanted != IGNORED).sum())
