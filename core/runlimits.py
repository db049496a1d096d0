"""The limits of numbers in a run config, each in words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from qtune.core.text import Text


@dataclass(frozen=True)
class Limit:
    holds: Callable[[float], bool]
    text: Text


def _limit(holds: Callable[[float], bool], en: str, zh: str) -> Limit:
    return Limit(holds, Text(en, zh))


POSITIVE = _limit(lambda x: x > 0, "must be above 0", "必须大于 0")
AT_LEAST_0 = _limit(lambda x: x >= 0, "must not be negative", "不能是负数")
AT_LEAST_1 = _limit(lambda x: x >= 1, "must be at least 1", "至少为 1")
SHARE = _limit(
    lambda x: 0 <= x < 1, "must be from 0 up to, not including, 1", "必须在 0 到 1 之间（不含 1）"
)
PART = _limit(lambda x: 0 <= x <= 1, "must be from 0 to 1", "必须在 0 到 1 之间")
HALF = _limit(
    lambda x: 0 <= x < 0.5,
    "must be from 0 up to, not including, 0.5",
    "必须在 0 到 0.5 之间（不含 0.5）",
)
SEED = _limit(
    lambda x: 0 <= x < 2**32, "must be from 0 to 4294967295", "必须在 0 到 4294967295 之间"
)
INTERVAL = _limit(
    lambda x: 0 < x < 1 or (x >= 1 and float(x).is_integer()),
    "must be a whole number of steps, or a share of all steps below 1",
    "必须是整数步数，或小于 1 的比例",
)

# Of the fields of every section, by their names.
LIMITS = {
    "num_train_epochs": POSITIVE,
    "max_steps": _limit(lambda x: x >= 1 or x == -1, "must be at least 1", "至少为 1"),
    "learning_rate": POSITIVE,
    "per_device_train_batch_size": AT_LEAST_1,
    "per_device_eval_batch_size": AT_LEAST_1,
    "gradient_accumulation_steps": AT_LEAST_1,
    "warmup_steps": AT_LEAST_0,
    "weight_decay": AT_LEAST_0,
    "max_grad_norm": AT_LEAST_0,
    "adam_beta1": SHARE,
    "adam_beta2": SHARE,
    "adam_epsilon": POSITIVE,
    "label_smoothing_factor": SHARE,
    "logging_steps": INTERVAL,
    "save_steps": INTERVAL,
    "eval_steps": INTERVAL,
    "eval_delay": AT_LEAST_0,
    "save_total_limit": AT_LEAST_1,
    "seed": SEED,
    "data_seed": SEED,
    "torch_empty_cache_steps": AT_LEAST_1,
    "dataloader_prefetch_factor": AT_LEAST_1,
    "dataloader_num_workers": AT_LEAST_0,
    "ddp_timeout": AT_LEAST_1,
    "ddp_bucket_cap_mb": AT_LEAST_1,
    "r": AT_LEAST_1,
    "lora_alpha": AT_LEAST_1,
    "lora_dropout": SHARE,
    "beta": POSITIVE,
    "label_smoothing": HALF,
    "ld_alpha": PART,
    "desirable_weight": POSITIVE,
    "undesirable_weight": POSITIVE,
    "ref_model_mixup_alpha": PART,
    "ref_model_sync_steps": AT_LEAST_1,
    "precompute_ref_batch_size": AT_LEAST_1,
    "center_rewards_coefficient": AT_LEAST_0,
    "router_aux_loss_coef": AT_LEAST_0,
    "discopop_tau": POSITIVE,
}
