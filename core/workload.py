"""What of a run decides how much memory it needs, as plain values that fit in a facts file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, cast

from qtune.core import rundefaults

if TYPE_CHECKING:  # a facts file is read without the machinery of run configs
    from qtune.core.runconfig import RunConfig

Tuning = Literal["lora", "qlora", "dora", "full"]
Method = Literal["sft", "pt", "dpo", "kto", "reward"]

ALL_LINEAR = "all-linear"
# Fields of LoraConfig that change which weights there are, and that the arithmetic does not follow.
_UNFOLLOWED = (
    "rank_pattern",
    "layers_to_transform",
    "layers_pattern",
    "exclude_modules",
    "target_parameters",
    "trainable_token_indices",
    "lora_bias",
    "velora_config",
    "ensure_weight_tying",
)


@dataclass(frozen=True)
class Workload:
    """`targets` are names of modules, or ALL_LINEAR alone; `saved` are peft's modules_to_save.

    `batch` rows a device and `max_length` tokens a row are what a step holds; `accumulation` steps keep
    their gradients. `auto`: qtune takes the largest batch that fits, and at least this one. `reference`: a
    second model beside the trained one, whose answers are compared with. `coarse`: weights that are all
    tuned lie in the format that is computed in, not in float32. `spread`: over as many GPUs as there are.
    `unfollowed` names a field with which the memory cannot be told.
    """

    tuning: Tuning = "lora"
    rank: int = cast(int, rundefaults.LORA["r"].value)
    targets: tuple[str, ...] = (ALL_LINEAR,)
    saved: tuple[str, ...] = ()
    dropout: bool = False
    batch: int = cast(int, rundefaults.TRAINING["per_device_train_batch_size"].value)
    accumulation: int = cast(int, rundefaults.TRAINING["gradient_accumulation_steps"].value)
    max_length: int = rundefaults.MAX_LENGTH
    checkpointing: bool = cast(bool, rundefaults.TRAINING["activation_checkpointing"].value)
    optim: str = "adamw_torch_fused"
    unfollowed: str = ""
    method: Method = "sft"
    auto: bool = False
    reference: bool = False
    coarse: bool = False
    spread: bool = False

    def __post_init__(self) -> None:
        if min(self.rank, self.batch, self.accumulation, self.max_length) < 1:
            raise ValueError("rank, batch, accumulation and max_length are at least 1")

    @property
    def rows(self) -> int:
        """That go through the model at once: a pair is two."""
        return self.batch * (2 if self.method in ("dpo", "reward") else 1)


def of_run(config: RunConfig) -> Workload:
    """The same numbers as a run config has them."""
    lora, training = config.lora, config.training
    return Workload(
        tuning=cast(Tuning, config.tuning),
        rank=_number(lora, "r", 8),
        targets=_names(lora.get("target_modules")) or (ALL_LINEAR,),
        saved=_names(lora.get("modules_to_save")),
        dropout=bool(lora.get("lora_dropout")),
        batch=_number(training, "per_device_train_batch_size", 1),
        accumulation=_number(training, "gradient_accumulation_steps", 1),
        max_length=config.max_length,
        checkpointing=bool(training.get("activation_checkpointing")),
        optim=str(training.get("optim") or "adamw_torch_fused"),
        unfollowed=_unfollowed(lora, training),
        method=cast(Method, config.method),
        auto=training.get("per_device_train_batch_size") == "auto",
        reference=_compares(config),
        spread=config.distributed == "fsdp",
    )


def _compares(config: RunConfig) -> bool:
    """With an adapter the model without it is the reference; known beforehand, it is let go."""
    known = config.preference.get("precompute_ref_log_probs")
    return config.method in ("dpo", "kto") and config.tuning == "full" and not known


def _number(values: Mapping[str, object], key: str, absent: int) -> int:
    value = values.get(key, absent)
    return int(value) if isinstance(value, (int, float)) else absent


def _names(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    return tuple(str(name) for name in value) if isinstance(value, (list, tuple)) else ()


def _unfollowed(lora: Mapping[str, object], training: Mapping[str, object]) -> str:
    targets = lora.get("target_modules")
    if isinstance(targets, str) and targets != ALL_LINEAR:
        return "lora.target_modules"  # a pattern over the names of modules
    if lora.get("bias", "none") not in ("none", None):
        return "lora.bias"
    for name in _UNFOLLOWED:
        if lora.get(name):
            return f"lora.{name}"
    every = training.get("activation_checkpointing_kwargs")
    if isinstance(every, Mapping) and {"every_n_layers", "offload"} & every.keys():
        return "training.activation_checkpointing_kwargs"
    return ""
