"""Supervised fine-tuning: the loss is on the answers alone."""

from __future__ import annotations

from typing import Any

from qtune.train.data import Rows
from qtune.train.events import Say
from qtune.train.job import Job
from qtune.train.methods import Head, Parts
from qtune.train.texts import Collator, render
from qtune.train.trainer import Safe, SafeTrainer

HEAD: Head = "causal"


def texts(job: Job, rows: Rows, tokenizer: Any, say: Say) -> list[dict[str, list[int]]]:
    return render(job, rows, tokenizer, say)


def build(parts: Parts) -> Safe:
    collator = Collator(parts.tokenizer.pad_token_id or 0)
    return SafeTrainer(**parts.safe(), data_collator=collator)
