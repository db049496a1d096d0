"""Which library fields a run config may not set and why, what was renamed, and the limits of numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from qtune.core.text import Text

OWNED, LATER = "CFG008", "CFG012"

# The names every tutorial uses, and what transformers calls them now.
ALIASES = {
    "gradient_checkpointing": "activation_checkpointing",
    "gradient_checkpointing_kwargs": "activation_checkpointing_kwargs",
}


@dataclass(frozen=True)
class Closed:
    """A field that is refused, under `code`: qtune owns it, or this version cannot do it."""

    code: str
    reason: Text


def _closed(code: str, en: str, zh: str, names: str) -> dict[str, Closed]:
    return {name: Closed(code, Text(en, zh)) for name in names.split()}


CLOSED = {
    "training": {
        **_closed(
            OWNED,
            "write output_dir at the top level of the run config",
            "请把 output_dir 写在训练配置的最外层",
            "output_dir",
        ),
        **_closed(
            OWNED,
            "training runs offline and uploads nothing",
            "训练离线进行，不会上传任何东西",
            "push_to_hub hub_token hub_model_id hub_private_repo hub_strategy"
            " hub_always_push hub_revision",
        ),
        **_closed(
            OWNED,
            "run the same command again and qtune resumes from the last complete checkpoint",
            "再次运行同样的命令，qtune 就会从最后一个完整的检查点继续",
            "resume_from_checkpoint ignore_data_skip save_only_model"
            " restore_callback_states_from_checkpoint enable_jit_checkpoint",
        ),
        **_closed(
            OWNED,
            "set QTUNE_DTYPE (auto, bfloat16, float16 or float32) in .env",
            "请在 .env 里设置 QTUNE_DTYPE（auto、bfloat16、float16 或 float32）",
            "bf16 fp16",
        ),
        **_closed(
            OWNED,
            "set QTUNE_DEVICE (auto, cuda, mps or cpu) in .env",
            "请在 .env 里设置 QTUNE_DEVICE（auto、cuda、mps 或 cpu）",
            "use_cpu local_rank",
        ),
        **_closed(
            OWNED,
            "qtune sets it itself",
            "由 qtune 自己设置",
            "do_train do_eval do_predict disable_tqdm log_level log_level_replica"
            " remove_unused_columns label_names length_column_name debug use_cache"
            " include_num_input_tokens_seen logging_nan_inf_filter skip_memory_metrics",
        ),
        **_closed(
            LATER,
            "this version trains in one process on one device",
            "当前版本只支持单进程、单设备训练",
            "ddp_backend ddp_broadcast_buffers ddp_bucket_cap_mb ddp_find_unused_parameters"
            " ddp_static_graph ddp_timeout deepspeed fsdp fsdp_config parallelism_config"
            " accelerator_config save_on_each_node log_on_each_node"
            " average_tokens_across_devices",
        ),
        **_closed(
            LATER,
            "this version does not evaluate during training",
            "当前版本训练时不做评估",
            "eval_strategy eval_steps eval_delay eval_on_start eval_accumulation_steps"
            " eval_do_concat_batches eval_use_gather_object per_device_eval_batch_size"
            " prediction_loss_only load_best_model_at_end metric_for_best_model"
            " greater_is_better include_for_metrics batch_eval_metrics"
            " bf16_full_eval fp16_full_eval",
        ),
        **_closed(
            LATER,
            "this version writes metrics.jsonl and reports nowhere else",
            "当前版本只写 metrics.jsonl，不向其他地方上报",
            "report_to run_name project trackio_space_id trackio_bucket_id trackio_static_space_id",
        ),
        **_closed(
            LATER,
            "this version of qtune has not been tested with it",
            "当前版本的 qtune 还没有验证过它",
            "auto_find_batch_size torch_compile torch_compile_backend torch_compile_mode"
            " use_liger_kernel liger_kernel_config optim_target_modules",
        ),
    },
    "lora": {
        **_closed(
            OWNED,
            "qtune sets it itself",
            "由 qtune 自己设置",
            "task_type peft_type auto_mapping peft_version inference_mode runtime_config",
        ),
        **_closed(
            OWNED,
            "it is taken from model at the top level",
            "取自最外层的 model",
            "base_model_name_or_path revision",
        ),
        **_closed(
            OWNED,
            "it names Python code to import",
            "它会指定要导入执行的 Python 代码",
            "megatron_core megatron_config",
        ),
        **_closed(
            LATER,
            "this version trains plain LoRA",
            "当前版本只支持普通 LoRA",
            "use_dora use_qalora qalora_group_size use_bdlora arrow_config kasa_config"
            " velora_config monteclora_config lora_ga_config corda_config eva_config"
            " loftq_config alora_invocation_tokens layer_replication",
        ),
    },
}

_TARGETS = Text(
    "it needs optim_target_modules, which this version does not pass on",
    "它需要 optim_target_modules，当前版本还不支持",
)
_OTHER_DEVICE = Text(
    "this version trains on cuda, mps or cpu", "当前版本只在 cuda、mps 或 cpu 上训练"
)
# Values that a field's library knows and this version does not take.
LATER_VALUES = {
    **{
        ("training", "optim", name): _TARGETS
        for name in (
            "galore_adamw",
            "galore_adamw_8bit",
            "galore_adafactor",
            "galore_adamw_layerwise",
            "galore_adamw_8bit_layerwise",
            "galore_adafactor_layerwise",
            "apollo_adamw",
            "apollo_adamw_layerwise",
        )
    },
    ("training", "optim", "adamw_torch_npu_fused"): _OTHER_DEVICE,
    ("training", "optim", "adamw_torch_xla"): _OTHER_DEVICE,
    ("training", "save_strategy", "best"): Text(
        "this version does not evaluate during training", "当前版本训练时不做评估"
    ),
    ("training", "lr_scheduler_type", "reduce_lr_on_plateau"): Text(
        "it needs an evaluation, which this version does not do", "它依赖评估，当前版本还没有"
    ),
    ("training", "lr_scheduler_type", "greedy"): Text(
        "it needs an evaluation, which this version does not do", "它依赖评估，当前版本还没有"
    ),
}
# The other ways to initialise LoRA change the base weights, so that the saved adapter would not
# fit the model it names.
PLAIN_INIT = ("gaussian", "orthogonal")
OTHER_INIT = Text(
    "it changes the base weights, and this version saves the adapter alone",
    "它会改动基座权重，而当前版本只保存适配器",
)

# Names that people know from older versions and from other trainers.
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
    "cutoff_len": Text("write max_length at the top level", "请在最外层写 max_length"),
    "max_seq_length": Text("write max_length at the top level", "请在最外层写 max_length"),
    "lora_rank": Text("write lora: {r: …}", "请写 lora: {r: …}"),
    "lora_target": Text("write lora: {target_modules: …}", "请写 lora: {target_modules: …}"),
    "model_name_or_path": Text("write model", "请写 model"),
    "dataset": Text("write data", "请写 data"),
    "finetuning_type": Text("write tuning", "请写 tuning"),
    "quantization_bit": Text("write tuning: qlora", "请写 tuning: qlora"),
    "load_in_4bit": Text("write tuning: qlora", "请写 tuning: qlora"),
    "stage": Text("write method", "请写 method"),
}

# Of these, the ones that are only called otherwise: (table, old name) -> new name.
SAME_VALUES = {
    ("training.", "warmup_ratio"): "warmup_steps",
    ("", "cutoff_len"): "max_length",
    ("", "max_seq_length"): "max_length",
    ("", "model_name_or_path"): "model",
    ("", "dataset"): "data",
    ("", "finetuning_type"): "tuning",
    ("", "stage"): "method",
    ("lora.", "lora_rank"): "r",
    ("lora.", "lora_target"): "target_modules",
}

# The keys at the top level of a run config.
TOP = (
    "model", "method", "data", "tuning", "lora", "training", "max_length", "packing",
    "output_dir", "enable_thinking", "trust_remote_code",
)  # fmt: skip


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
SEED = _limit(
    lambda x: 0 <= x < 2**32, "must be from 0 to 4294967295", "必须在 0 到 4294967295 之间"
)
INTERVAL = _limit(
    lambda x: 0 < x < 1 or (x >= 1 and float(x).is_integer()),
    "must be a whole number of steps, or a share of all steps below 1",
    "必须是整数步数，或小于 1 的比例",
)

LIMITS = {
    "num_train_epochs": POSITIVE,
    "max_steps": _limit(lambda x: x >= 1 or x == -1, "must be at least 1", "至少为 1"),
    "learning_rate": POSITIVE,
    "per_device_train_batch_size": AT_LEAST_1,
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
    "save_total_limit": AT_LEAST_1,
    "seed": SEED,
    "data_seed": SEED,
    "torch_empty_cache_steps": AT_LEAST_1,
    "dataloader_prefetch_factor": AT_LEAST_1,
    "dataloader_num_workers": AT_LEAST_0,
    "r": AT_LEAST_1,
    "lora_alpha": AT_LEAST_1,
    "lora_dropout": SHARE,
}
