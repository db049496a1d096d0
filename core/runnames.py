"""The keys of a run config, and the names that people know from other trainers and older versions."""

from __future__ import annotations

from qtune.core.text import Text

# The keys at the top level of a run config.
TOP = (
    "model", "method", "data", "eval_data", "eval_share", "max_unusable", "streaming", "tuning", "lora",
    "training", "preference", "max_length", "packing", "distributed", "attn_implementation", "output_dir",
    "enable_thinking", "trust_remote_code",
)  # fmt: skip

# The names every tutorial uses, and what transformers calls them now.
ALIASES = {
    "gradient_checkpointing": "activation_checkpointing",
    "gradient_checkpointing_kwargs": "activation_checkpointing_kwargs",
}

_MAX_LENGTH = Text("write max_length at the top level", "请在最外层写 max_length")
_QLORA = Text("write tuning: qlora", "请写 tuning: qlora")
_EVAL_SHARE = Text("write eval_share at the top level", "请在最外层写 eval_share")
_EVAL_DATA = Text("write eval_data", "请写 eval_data")
_PACKING = Text("write packing at the top level", "请在最外层写 packing")
_FSDP = Text("write distributed: fsdp", "请写 distributed: fsdp")
_ATTENTION = Text(
    "write attn_implementation: auto, sdpa, flash_attention_2 or eager",
    "请写 attn_implementation: auto、sdpa、flash_attention_2 或 eager",
)

RENAMED = {
    "warmup_ratio": Text(
        "write warmup_steps; a value below 1 is a share of all steps",
        "请写 warmup_steps，小于 1 的值表示占总步数的比例",
    ),
    "evaluation_strategy": Text("it is called eval_strategy now", "现在叫 eval_strategy"),
    "no_cuda": Text("set QTUNE_DEVICE=cpu in .env", "请在 .env 里设置 QTUNE_DEVICE=cpu"),
    "overwrite_output_dir": Text(
        "a rerun resumes; to start afresh name another output_dir",
        "重新运行会接着训练；要从头开始，请换一个 output_dir",
    ),
    "group_by_length": Text(
        "write train_sampling_strategy: group_by_length",
        "请写 train_sampling_strategy: group_by_length",
    ),
    "cutoff_len": _MAX_LENGTH,
    "max_seq_length": _MAX_LENGTH,
    "sequence_len": _MAX_LENGTH,
    "lora_rank": Text("write lora: {r: …}", "请写 lora: {r: …}"),
    "lora_target": Text("write lora: {target_modules: …}", "请写 lora: {target_modules: …}"),
    "model_name_or_path": Text("write model", "请写 model"),
    "base_model": Text("write model", "请写 model"),
    "dataset": Text("write data", "请写 data"),
    "datasets": Text("write data", "请写 data"),
    "finetuning_type": Text("write tuning", "请写 tuning"),
    "train_type": Text("write tuning", "请写 tuning"),
    "quantization_bit": _QLORA,
    "load_in_4bit": _QLORA,
    "stage": Text("write method", "请写 method"),
    "rlhf_type": Text("write method", "请写 method"),
    "val_size": _EVAL_SHARE,
    "val_set_size": _EVAL_SHARE,
    "split_dataset_ratio": _EVAL_SHARE,
    "eval_dataset": _EVAL_DATA,
    "val_dataset": _EVAL_DATA,
    "neat_packing": _PACKING,
    "sample_packing": _PACKING,
    "pref_beta": Text("write preference: {beta: …}", "请写 preference: {beta: …}"),
    "rlhf_beta": Text("write preference: {beta: …}", "请写 preference: {beta: …}"),
    "pref_loss": Text("write preference: {loss_type: …}", "请写 preference: {loss_type: …}"),
    "flash_attn": _ATTENTION,
    "attn_impl": _ATTENTION,
    "enable_liger_kernel": Text(
        "write training: {use_liger_kernel: true}", "请写 training: {use_liger_kernel: true}"
    ),
    "fsdp2": _FSDP,
}

# Of these, the ones that are only called otherwise: (table, old name) -> new name.
SAME_VALUES = {
    ("training.", "warmup_ratio"): "warmup_steps",
    ("training.", "evaluation_strategy"): "eval_strategy",
    ("", "cutoff_len"): "max_length",
    ("", "max_seq_length"): "max_length",
    ("", "sequence_len"): "max_length",
    ("", "model_name_or_path"): "model",
    ("", "base_model"): "model",
    ("", "dataset"): "data",
    ("", "finetuning_type"): "tuning",
    ("", "train_type"): "tuning",
    ("", "stage"): "method",
    ("", "rlhf_type"): "method",
    ("", "val_size"): "eval_share",
    ("", "val_set_size"): "eval_share",
    ("", "split_dataset_ratio"): "eval_share",
    ("", "eval_dataset"): "eval_data",
    ("", "val_dataset"): "eval_data",
    ("", "neat_packing"): "packing",
    ("", "sample_packing"): "packing",
    ("", "attn_impl"): "attn_implementation",
    ("lora.", "lora_rank"): "r",
    ("lora.", "lora_target"): "target_modules",
    ("preference.", "pref_beta"): "beta",
    ("preference.", "pref_loss"): "loss_type",
}
# Whose old values are names of a registry as often as paths: the new key may need another value.
UNSURE = frozenset({"dataset", "eval_dataset", "val_dataset", "base_model"})
