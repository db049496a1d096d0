"""From rows to the examples the model will see; what is left out or cut is told."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from qtune.core.data.conversation import Unusable
from qtune.core.data.values import Conversation
from qtune.core.text import Text
from qtune.train import data
from qtune.train.causes import failure
from qtune.train.data import BadRow, Row, Rows
from qtune.train.events import Log, Say
from qtune.train.job import Job
from qtune.train.texts.example import IGNORED, Example, Tokenizer
from qtune.train.texts.making import Recipe, make


def render(job: Job, rows: Rows, tokenizer: Tokenizer, say: Say) -> list[dict[str, list[int]]]:
    """Raises TrainError when too many rows are refused by the template, or nothing is left."""
    made: list[Example] = []
    kept: list[Row] = []
    refused: list[BadRow] = []
    recipe = Recipe(
        job.config.max_length, job.config.enable_thinking, documents=job.config.method == "pt"
    )
    values = (Conversation(row.messages) for row in rows.usable)
    for row, result in zip(rows.usable, make(tokenizer, recipe, values), strict=True):
        if isinstance(result, Unusable):
            refused.append(BadRow(row.path, row.line, result.kind, result.text()))
        else:
            made += [example for group in result.examples for example in group]
            kept.append(row)
    rows = Rows(tuple(kept), (*rows.bad, *refused))
    data.judge(rows)
    for text in data.report(rows):
        say(Log(text, "warning"))
    usable = [example for example in made if example.learns]
    for text in _lengths(made, usable, job.config.max_length):
        say(Log(text, "warning"))
    if not usable:
        raise failure("TRN008")
    tokens = sum(len(example.input_ids) for example in usable)
    say(
        Log(
            Text(
                f"{len(rows.usable)} rows, {len(usable)} examples, {tokens} tokens",
                f"{len(rows.usable)} 条数据，{len(usable)} 个训练样本，{tokens} 个词元",
            )
        )
    )
    return [{"input_ids": e.input_ids, "labels": e.labels} for e in usable]


def _lengths(made: Sequence[Example], usable: Sequence[Example], limit: int) -> list[Text]:
    told = []
    cut = sum(example.cut > 0 for example in usable)
    if cut:
        share = 100 * cut / len(made)
        told.append(
            Text(
                f"{cut} examples ({share:.1f} %) are longer than max_length {limit} and were cut",
                f"{cut} 个样本（{share:.1f}%）超过 max_length {limit}，已截断",
            )
        )
    if len(usable) < len(made):
        lost = len(made) - len(usable)
        told.append(
            Text(
                f"{lost} examples have no answer within max_length {limit} and were left out",
                f"{lost} 个样本在 max_length {limit} 之内没有答案，已跳过",
            )
        )
    return told


class Collator:
    """Pads a batch on the right to its longest example; padding has no attention and no loss."""

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
