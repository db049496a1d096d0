"""Cuts the examples of a step into micro-batches that fit in memory, and lays them out for the model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Any, Literal

import torch

from qtune.train.attention import Rows
from qtune.train.loss import IGNORED, shifted

Kind = Literal["joined", "flash", "blocked", "padded"]


@dataclass(frozen=True)
class Layout:
    """How examples lie in a micro-batch.

    joined: end to end, with qtune's attention over `rows`. flash: end to end, with what flash-attn takes.
    blocked: each example of one or several rows padded to the widest; the model makes the block mask
    from position_ids. padded: one row each, padded.
    `pieces`: the loss takes `learnt` and `targets`; else it takes labels. `multiple` of the padded width.
    """

    kind: Kind
    pad: int = 0
    pieces: bool = True
    multiple: int = 1


@dataclass(frozen=True)
class Example:
    """The token ids and labels of one row, or of several that were packed into one."""

    ids: list[int]
    labels: list[int]
    rows: tuple[int, ...]

    @property
    def learnt(self) -> int:
        return sum(label != IGNORED for label in self.labels)


@dataclass(frozen=True)
class Step:
    """What one process has of an optimizer step. `learnt` counts the tokens it learns."""

    examples: tuple[Example, ...]
    indices: tuple[int, ...] = ()

    @property
    def tokens(self) -> int:
        return sum(len(example.ids) for example in self.examples)

    @property
    def learnt(self) -> int:
        return sum(example.learnt for example in self.examples)


def example(row: Mapping[str, Any]) -> Example:
    """From an entry of the dataset; `rows` are the lengths of what was packed into it."""
    ids, labels = list(row["input_ids"]), list(row["labels"])
    rows = tuple(row.get("rows") or (len(ids),))
    for start in accumulate(rows[:-1], initial=0):
        labels[start] = IGNORED  # the first token of a row is told by nothing
    return Example(ids, labels, rows)


def apart(one: Example) -> list[Example]:
    """Each row as an example of its own."""
    edges = [0, *accumulate(one.rows)]
    return [
        Example(one.ids[start:stop], one.labels[start:stop], (stop - start,))
        for start, stop in pairwise(edges)
    ]


def cut(step: Step, layout: Layout, room: int) -> list[list[Example]]:
    """Micro-batches of at most `room` tokens, padding included; one example may be longer than that.

    Where nothing is padded the order stays; else examples of like length go together, and a new
    micro-batch is begun where the padding would cost more than that.
    """
    if layout.kind in ("joined", "flash"):
        return _in_order(step.examples, room)
    rows = step.examples
    if layout.kind == "padded":  # also where rows were packed, and the model cannot tell them apart
        rows = tuple(row for each in step.examples for row in apart(each))
    batches: list[list[Example]] = []
    for each in sorted(rows, key=lambda one: -len(one.ids)):  # stable
        batch = batches[-1] if batches else []
        width = len(batch[0].ids) if batch else 0
        wasted = width - len(each.ids)
        if not batch or width * (len(batch) + 1) > room or wasted > max(width // 2, 64):
            batches.append([each])
        else:
            batch.append(each)
    return batches


def _in_order(examples: Sequence[Example], room: int) -> list[list[Example]]:
    """As few as the room allows, and each about as full."""
    total = sum(len(each.ids) for each in examples)
    count = max(-(-total // room), 1)
    batches: list[list[Example]] = []
    held = 0
    for each in examples:
        full = held + len(each.ids) > room or held >= total / count
        if not batches or full:
            batches.append([])
            held = 0
        batches[-1].append(each)
        held += len(each.ids)
    return batches


def inputs(examples: Sequence[Example], layout: Layout) -> dict[str, Any]:
    """What the model is called with."""
    if layout.kind in ("joined", "flash"):
        return _end_to_end(examples, layout)
    width = max(len(each.ids) for each in examples)
    width += -width % layout.multiple
    made: dict[str, Any] = {
        "input_ids": torch.tensor(
            [each.ids + [layout.pad] * (width - len(each.ids)) for each in examples]
        )
    }
    labels = [each.labels + [IGNORED] * (width - len(each.labels)) for each in examples]
    if layout.kind == "blocked":
        made["position_ids"] = torch.tensor(
            [_positions((*each.rows, width - len(each.ids))) for each in examples]
        )
    elif not layout.pieces and any(len(each.ids) < width for each in examples):
        made["attention_mask"] = torch.tensor(
            [[1] * len(each.ids) + [0] * (width - len(each.ids)) for each in examples]
        )
    return made | _targets(torch.tensor(labels), layout)


def _end_to_end(examples: Sequence[Example], layout: Layout) -> dict[str, Any]:
    ids = [token for each in examples for token in each.ids]
    labels = [label for each in examples for label in each.labels]
    lengths = [length for each in examples for length in each.rows]
    made: dict[str, Any] = {"input_ids": torch.tensor([ids])}
    if len(lengths) > 1:
        made["position_ids"] = torch.tensor([_positions(lengths)])
        if layout.kind == "joined":
            made["rows"] = Rows(tuple(lengths))
        else:
            edges = torch.tensor([0, *accumulate(lengths)], dtype=torch.int32)
            made |= {"cu_seq_lens_q": edges, "cu_seq_lens_k": edges}
            made |= {"max_length_q": max(lengths), "max_length_k": max(lengths)}
    return made | _targets(torch.tensor([labels]), layout)


def _positions(lengths: Sequence[int]) -> list[int]:
    return [position for length in lengths for position in range(length)]


def _targets(labels: torch.Tensor, layout: Layout) -> dict[str, torch.Tensor]:
    if not layout.pieces:
        return {"labels": labels}
    learnt, targets = shifted(labels)
    return {"learnt": learnt, "targets": targets}
