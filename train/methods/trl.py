"""What is the same for TRL's trainers: qtune's own tokens, no forms filled in, no second adapter in memory."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from qtune.train import kernels
from qtune.train.batchsize import AUTO, effective
from qtune.train.events import Log
from qtune.train.methods import Parts
from qtune.train.trainer import Safe


class Weighing(Safe):
    """Stands before a trainer of TRL. Its loss may come close to 0: then the answers are told apart."""

    zero_is_wrong = False

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        # TRL copies the adapter to compare with. It is new, and does nothing: the base model alone is the same.
        if "ref" in getattr(self.model, "peft_config", {}):
            peft_model: Any = self.model
            peft_model.delete_adapter("ref")

    def _prepare_dataset(self, dataset: Any, *_: Any, **__: Any) -> Any:
        """It holds the tokens already."""
        return dataset

    def create_model_card(self, *_: Any, **__: Any) -> None:
        """The recipe writes it."""


def sized(parts: Parts, least: int = 1) -> Parts:
    """With a micro-batch that the library takes: a number, and at least `least` rows; the effective batch stays.

    The model gets the attention that the config asks for, or that works here.
    """
    wanted = parts.job.config.attn_implementation
    parts.say(Log(kernels.attention(parts.model, wanted, parts.placement)))
    training = dict(parts.job.config.training)
    micro, whole = training["per_device_train_batch_size"], effective(training)
    if micro == AUTO or int(str(micro)) < least:
        micro = next((size for size in range(least, whole + 1) if whole % size == 0), least)
        training["per_device_train_batch_size"] = micro
        training["gradient_accumulation_steps"] = max(whole // micro, 1)
    config = replace(parts.job.config, training=training)
    return replace(parts, job=replace(parts.job, config=config))
