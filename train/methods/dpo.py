"""DPO: of two answers to a prompt the chosen one becomes likelier than it was to the base model (TRL's loss)."""

from __future__ import annotations

from typing import Any

from trl.trainer.dpo_config import DPOConfig
from trl.trainer.dpo_trainer import DPOTrainer

from qtune.core.data.values import Preference
from qtune.train import tuning
from qtune.train.data import Rows
from qtune.train.events import Say
from qtune.train.job import Job
from qtune.train.loading import load_model
from qtune.train.methods import Head, Parts, pairs, trl
from qtune.train.trainer import Safe

HEAD: Head = "causal"


class SafeDPO(trl.Weighing, DPOTrainer):
    """DPOTrainer, and what a Safe promises."""


def texts(job: Job, rows: Rows, tokenizer: Any, say: Say) -> Any:
    return pairs.dataset(
        job, rows, tokenizer, say, lambda t, v: t.preference(pairs.of_kind(v, Preference))
    )


def build(parts: Parts) -> Safe:
    parts = trl.sized(parts)
    job = parts.job
    options = parts.safe(DPOConfig, max_length=job.config.max_length, **job.config.preference)
    reference = None
    if tuning.is_whole(job.config):  # beside an adapter the base model is at hand anyway
        reference = load_model(job, parts.placement, parts.tokenizer, HEAD)
        reference.requires_grad_(False)
    return SafeDPO(ref_model=reference, **options)
