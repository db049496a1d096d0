"""A reward model: gives a text one number, higher for the chosen of two answers (TRL's loss)."""

from __future__ import annotations

from typing import Any

from trl.trainer.reward_config import RewardConfig
from trl.trainer.reward_trainer import RewardTrainer

from qtune.core.data.unusable import Unusable
from qtune.core.data.values import Preference
from qtune.train.data import Rows
from qtune.train.events import Say
from qtune.train.job import Job
from qtune.train.methods import Head, Parts, pairs, trl
from qtune.train.methods.pairs import Record, Tokens
from qtune.train.trainer import Safe

HEAD: Head = "score"


class SafeReward(trl.Weighing, RewardTrainer):
    """RewardTrainer, and what a Safe promises."""


def texts(job: Job, rows: Rows, tokenizer: Any, say: Say) -> Any:
    return pairs.dataset(job, rows, tokenizer, say, _both)


def _both(tokens: Tokens, value: Any) -> Record:
    """Prompt and answer together, since the whole is judged. One that is cut cannot be."""
    record = tokens.preference(pairs.of_kind(value, Preference))
    prompt = record["prompt_ids"]
    both = {key: [*prompt, *record[key]] for key in ("chosen_ids", "rejected_ids")}
    longest = max(map(len, both.values()))
    if longest > tokens.most:
        raise Unusable("long-pair", f"{longest} tokens")
    return {"prompt_ids": [], **both}


def build(parts: Parts) -> Safe:
    parts = trl.sized(parts)
    config = parts.job.config
    return SafeReward(**parts.safe(RewardConfig, max_length=config.max_length, **config.preference))
