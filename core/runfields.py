"""Which library fields a run config may not set, and why."""

from __future__ import annotations

from dataclasses import dataclass

from qtune.core.text import Text

OWNED, LATER = "CFG008", "CFG012"


@dataclass(frozen=True)
class Closed:
    """A field that is refused, under `code`: qtune owns it, or cannot do it.

    `off`: to write it with the library's own default asks for nothing, and is no error.
    """

    code: str
    reason: Text
    off: bool = False


def _closed(code: str, en: str, zh: str, names: str, *, off: bool = False) -> dict[str, Closed]:
    return {name: Closed(code, Text(en, zh), off) for name in names.split()}


_OBJECT = (
    "it takes a Python object, which YAML cannot write",
    "它的值是 Python 对象，YAML 写不出来",
)

_TRAINING = {
    **_closed(
        OWNED,
        "write output_dir at the top level of the run config",
        "请把 output_dir 写在训练配置的最外层",
        "output_dir",
    ),
    **_closed(
        OWNED,
        "training runs offline and uploads nothing; `qtune push` uploads a finished run",
        "训练离线进行，不会上传任何东西；训练完成后可用 `qtune push` 上传",
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
        "an evaluation computes in the run's own format, QTUNE_DTYPE",
        "评估使用训练时的数值格式，即 QTUNE_DTYPE",
        "bf16_full_eval fp16_full_eval",
        off=True,
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
        OWNED,
        "an evaluation keeps the loss and no predictions, so that it fits where training does",
        "评估只保留损失、不保留预测结果，因此能训练就能评估",
        "prediction_loss_only include_for_metrics batch_eval_metrics eval_do_concat_batches"
        " eval_use_gather_object eval_accumulation_steps",
        off=True,
    ),
    **_closed(
        OWNED,
        "write per_device_train_batch_size: auto; qtune finds the largest batch itself, and halves it when "
        "memory runs out",
        "请写 per_device_train_batch_size: auto；qtune 会自己找出最大的批大小，显存不足时自动减半",
        "auto_find_batch_size",
        off=True,
    ),
    **_closed(
        OWNED,
        "write distributed: fsdp at the top level",
        "请在最外层写 distributed: fsdp",
        "fsdp fsdp_config",
        off=True,
    ),
    **_closed(
        OWNED,
        "the first process alone writes and speaks, and the rows are spread by qtune",
        "只有第一个进程写文件和输出，数据由 qtune 分配",
        "save_on_each_node log_on_each_node accelerator_config",
        off=True,
    ),
    **_closed(
        OWNED,
        "a hosted space is an upload; report_to: trackio keeps its numbers on this machine",
        "托管空间属于上传；report_to: trackio 的数据留在本机",
        "trackio_space_id trackio_bucket_id trackio_static_space_id",
        off=True,
    ),
    **_closed(
        LATER,
        "qtune shards a model with FSDP2: write distributed: fsdp",
        "qtune 用 FSDP2 切分模型：请写 distributed: fsdp",
        "deepspeed",
        off=True,
    ),
    **_closed(LATER, *_OBJECT, "parallelism_config", off=True),
    **_closed(
        LATER,
        "it is for GaLore and APOLLO, which need packages of their own and which qtune has not been tried with",
        "它用于 GaLore 和 APOLLO，二者需要额外的软件包，qtune 没有验证过",
        "optim_target_modules",
        off=True,
    ),
}

_LORA = {
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
        OWNED,
        "write tuning: dora at the top level",
        "请在最外层写 tuning: dora",
        "use_dora",
        off=True,
    ),
    **_closed(
        LATER,
        *_OBJECT,
        "use_bdlora arrow_config kasa_config monteclora_config lora_ga_config corda_config eva_config",
        off=True,
    ),
    **_closed(
        LATER,
        "it goes with init_lora_weights: loftq, which changes the base weights",
        "它与 init_lora_weights: loftq 搭配使用，会改动基座权重",
        "loftq_config",
        off=True,
    ),
    **_closed(
        LATER,
        "peft applies it to models quantized by GPTQ alone, which qtune does not train",
        "peft 只对 GPTQ 量化的模型生效，而 qtune 不训练这类模型",
        "use_qalora qalora_group_size",
        off=True,
    ),
    **_closed(
        LATER,
        "transformers 5 does not run a model whose layers are repeated",
        "transformers 5 无法运行层被重复的模型",
        "layer_replication",
        off=True,
    ),
}

_PREFERENCE = {
    **_closed(
        OWNED,
        "it is taken from model and trust_remote_code at the top level",
        "取自最外层的 model 和 trust_remote_code",
        "model_init_kwargs trust_remote_code",
        off=True,
    ),
    **_closed(
        OWNED,
        "write max_length at the top level",
        "请在最外层写 max_length",
        "max_length truncation_mode",
    ),
    **_closed(
        OWNED,
        "the tokenizer's own is used",
        "使用分词器自带的设置",
        "chat_template_path eos_token pad_token",
        off=True,
    ),
    **_closed(
        OWNED,
        "qtune sets it itself",
        "由 qtune 自己设置",
        "dataset_num_proc pad_to_multiple_of",
        off=True,
    ),
    **_closed(LATER, "TRL 1.16 no longer does it", "TRL 1.16 已不再支持", "padding_free", off=True),
}

# By the name of the schema: a run config's `preference:` has the fields of its method.
CLOSED: dict[str, dict[str, Closed]] = {
    "training": _TRAINING,
    "lora": _LORA,
    **dict.fromkeys(("dpo", "kto", "reward", "preference"), _PREFERENCE),
}
