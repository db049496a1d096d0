"""Which packages a run asks for beyond those that every run needs: known before anything is imported."""

from __future__ import annotations

from collections.abc import Mapping

from qtune.core.runvalues import RunConfig

# Any of the packages will do.
_REPORTERS = {
    "tensorboard": ("tensorboard", "tensorboardX"),
    "wandb": ("wandb",),
    "swanlab": ("swanlab",),
    "trackio": ("trackio",),
}
# Beginnings and ends of optimizers' names.
_OPTIMIZERS = (
    (("schedule_free_",), ("schedulefree",)),
    (("lomo", "adalomo"), ("lomo-optim",)),
    (("grokadamw",), ("grokadamw",)),
    (("stable_adamw",), ("torch-optimi",)),
    (("adamw_anyprecision",), ("torchdistx",)),
    (("adamw_torch_4bit", "adamw_torch_8bit"), ("torchao",)),
    (("adamw_8bit", "adamw_bnb_8bit", "ademamix", "lion_", "paged_", "rmsprop_bnb"), ("bitsandbytes",)),
)  # fmt: skip


def packages(config: RunConfig) -> Mapping[str, tuple[str, ...]]:
    """The line of the run config that asks, and what it asks for, by its name in the registry.

    bitsandbytes is not among them: that it is there does not say that it works (PKG703).
    """
    wanted: dict[str, tuple[str, ...]] = {}
    if config.method in ("dpo", "kto", "reward"):
        wanted[f"method: {config.method}"] = ("trl",)
    if config.attn_implementation == "flash_attention_2":
        wanted["attn_implementation: flash_attention_2"] = ("flash-attn",)
    if config.training.get("use_liger_kernel"):
        wanted["use_liger_kernel: true"] = ("liger-kernel",)
    optimizer = str(config.training.get("optim", ""))
    for heads, names in _OPTIMIZERS:
        if optimizer.startswith(heads):
            wanted[f"optim: {optimizer}"] = names
    given = config.training.get("report_to")
    for name in given if isinstance(given, list) else [given]:
        if name in _REPORTERS:
            wanted[f"report_to: {name}"] = _REPORTERS[name]
    return wanted
