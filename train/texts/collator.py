"""A batch of examples as tensors, padded on the right to its longest."""

from __future__ import annotations

import torch

from qtune.train.texts.example import IGNORED


class Collator:
    """Padding has no attention and no loss."""

    def __init__(self, pad: int) -> None:
        self.pad = pad

    def __call__(self, batch: list[dict[str, list[int]]]) -> dict[str, torch.Tensor]:
        width = max(len(row["input_ids"]) for row in batch)

        def padded(rows: list[list[int]], filler: int) -> torch.Tensor:
            return torch.tensor([row + [filler] * (width - len(row)) for row in rows])

        return {
            "input_ids": padded([row["input_ids"] for row in batch], self.pad),
            "attention_mask": padded([[1] * len(row["input_ids"]) for row in batch], 0),
            "labels": padded([row["labels"] for row in batch], IGNORED),
        }
