"""KTO: single answers, each marked as good or bad, become likelier or less likely (TRL's loss)."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

from trl.trainer.kto_config import KTOConfig
from trl.trainer.kto_trainer import KTOTrainer

from qtune.core.data.values import Judged
from qtune.train import tuning
from qtune.train.data import Rows
from qtune.train.events import Say
from qtune.train.job import Job
from qtune.train.loading import load_model
from qtune.train.methods import Head, Parts, pairs, trl
from qtune.train.trainer import Safe

HEAD: Head = "causal"
LEAST = 2  # rows at once: the loss compares each prompt with another row's answer


class SafeKTO(trl.Weighing, KTOTrainer):
    """KTOTrainer, and what a Safe promises."""


def texts(job: Job, rows: Rows, tokenizer: Any, say: Say) -> Any:
    """Shuffled once: TRL goes through them in order, so that neighbours stay neighbours."""
    usable = list(rows.usable)
    random.Random(int(str(job.config.training["seed"]))).shuffle(usable)
    rows = replace(rows, usable=tuple(usable))
    return pairs.dataset(job, rows, tokenizer, say, lambda t, v: t.judged(pairs.of_kind(v, Judged)))


def build(parts: Parts) -> Safe:
    parts = trl.sized(parts, LEAST)
    job = parts.job
    micro = int(str(job.config.training["per_device_train_batch_size"]))
    parts = replace(parts, texts=_against_others(parts.texts, micro))
    if parts.evaluation is not None:
        size = int(str(job.config.training.get("per_device_eval_batch_size") or micro))
        parts = replace(parts, evaluation=_against_others(parts.evaluation, size))
    options = parts.safe(KTOConfig, max_length=job.config.max_length, **job.config.preference)
    reference = None
    if tuning.is_whole(job.config):
        reference = load_model(job, parts.placement, parts.tokenizer, HEAD)
        reference.requires_grad_(False)
    return SafeKTO(ref_model=reference, **options)


def _against_others(texts: Any, size: int) -> Any:
    """Each row with the answer of the row before it in its batch: what KTO holds the rewards against."""
    answers = texts["completion_ids"]
    others: list[list[int]] = []
    for start in range(0, len(answers), size):
        batch = answers[start : start + size]
        others += [batch[-1], *batch[:-1]]
    made = texts.add_column("KL_completion_ids", others)
    made.origin = texts.origin
    return made
