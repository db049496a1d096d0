"""Supervised fine-tuning: the loss is on the answers alone."""

from __future__ import annotations

from typing import Any

from qtune.train import feeding
from qtune.train.data import Rows
from qtune.train.events import Say
from qtune.train.job import Job
from qtune.train.methods import Head, Parts
from qtune.train.texts import tokenized
from qtune.train.texts.collator import Collator
from qtune.train.trainer import Safe

HEAD: Head = "causal"


def texts(job: Job, rows: Rows, tokenizer: Any, say: Say) -> Any:
    return feeding.packed(job, tokenized(job, rows, tokenizer, say), say)


def build(parts: Parts) -> Safe:
    return feeding.trainer(parts, Collator(parts.tokenizer.pad_token_id or 0))
