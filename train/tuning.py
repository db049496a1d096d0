"""What of the model learns: an adapter on frozen weights (lora, qlora, dora), or all of it (full).

`lora: {use_rslora: true}` is rsLoRA; qlora is LoRA on weights that bitsandbytes keeps in 4 bits, and DoRA
is LoRA with a learnt magnitude. Full tuning keeps its weights in float32 and computes in the number
format that was chosen: in bfloat16 an update of the usual size is rounded away.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import torch
from peft import LoraConfig, get_peft_model
from transformers import BitsAndBytesConfig, set_seed

from qtune.core.runconfig import RunConfig
from qtune.core.text import Text, plain
from qtune.train import openrows
from qtune.train.causes import failure
from qtune.train.device import Placement
from qtune.train.events import Log, Say
from qtune.train.job import Job
from qtune.train.mishaps import named

TASKS = {"causal": "CAUSAL_LM", "score": "SEQ_CLS"}


def is_whole(config: RunConfig) -> bool:
    return config.tuning == "full"


def check(job: Job, placement: Placement) -> None:
    """Raises TrainError for a tuning that cannot be done here; called before anything large is loaded."""
    if job.config.tuning == "qlora":
        _check_quantizing(placement)
    if is_whole(job.config) and placement.dtype == torch.float16:
        raise failure("TRN072")


def _check_quantizing(placement: Placement) -> None:
    if placement.device != "cuda":
        raise failure(
            "TRN070",
            Text(f"This run uses {placement.device}.", f"本次训练使用的是 {placement.device}。"),
        )
    if find_spec("bitsandbytes") is None:
        raise failure("TRN071", Text("It is not installed.", "尚未安装。"))
    try:
        import_module("bitsandbytes")
    except Exception as error:  # its own set-up raises whatever it meets
        raise failure("TRN071", plain(str(error)[:300])) from error


def loading(job: Job, placement: Placement) -> dict[str, Any]:
    """How `from_pretrained` is to load the weights."""
    if job.config.tuning == "qlora":
        return {
            "dtype": placement.dtype,
            "device_map": {
                "": torch.cuda.current_device()
            },  # quantized while read, which only a GPU can
            "quantization_config": BitsAndBytesConfig(  # type: ignore[no-untyped-call]
                load_in_4bit=True,
                bnb_4bit_quant_type="nf4",
                bnb_4bit_use_double_quant=True,
                bnb_4bit_compute_dtype=placement.dtype,
            ),
        }
    return {"dtype": weights_dtype(job, placement)}


def weights_dtype(job: Job, placement: Placement) -> torch.dtype:
    """In which number format the base model's weights lie in memory."""
    if is_whole(job.config) and job.dtype == "auto":
        return torch.float32
    return placement.dtype


def put_on(
    job: Job,
    model: Any,
    say: Say,
    head: str = "causal",
    rows: Mapping[str, Sequence[int]] | None = None,
) -> Any:
    """The model with what is to learn opened, and the rest frozen; says how much that is.

    `rows` are those of the embedding that learn beside an adapter, by module (see train.texts.ending).
    """
    set_seed(int(str(job.config.training["seed"])))
    model = _open(job, model, say) if is_whole(job.config) else _adapt(job, model, head, rows)
    trained, total = _parameters(model)
    share = 100 * trained / total
    say(
        Log(
            Text(
                f"training {trained:,} of {total:,} parameters ({share:.2f} %)",
                f"训练 {trained:,} / {total:,} 个参数（{share:.2f}%）",
            )
        )
    )
    return model


def _open(job: Job, model: Any, say: Say) -> Any:
    model.requires_grad_(True)
    if model.dtype == torch.bfloat16:
        say(
            Log(
                Text(
                    "weights in bfloat16, as QTUNE_DTYPE says: small updates are rounded away; "
                    "QTUNE_DTYPE=auto keeps them in float32",
                    "按 QTUNE_DTYPE 用 bfloat16 保存权重：小的更新会被舍入掉；"
                    "QTUNE_DTYPE=auto 会用 float32 保存",
                ),
                "warning",
            )
        )
    return model


def _adapt(job: Job, model: Any, head: str, rows: Mapping[str, Sequence[int]] | None) -> Any:
    config = job.config
    fields: dict[str, Any] = deepcopy(dict(config.lora))  # peft writes into its lists
    if rows:
        fields["trainable_token_indices"] = {name: list(ids) for name, ids in rows.items()}
    if config.tuning == "dora":
        fields["use_dora"] = True
    if config.tuning == "qlora":
        model = _steadied(model)
    with named("TRN011", "lora"):
        adapted = get_peft_model(model, LoraConfig(task_type=TASKS[head], **fields))
    if fields.get("trainable_token_indices"):
        openrows.install(adapted)
    return adapted


def _steadied(model: Any) -> Any:
    """A quantized model made fit for training: frozen, its norms in float32.

    peft's own preparation makes both ends of the model float32 too: 1.5 GB of Qwen3-4B for nothing,
    since neither is trained.
    """
    model.requires_grad_(False)
    for parameter in model.parameters():
        if parameter.ndim == 1 and parameter.dtype in (torch.float16, torch.bfloat16):
            parameter.data = parameter.data.float()
    return model


def _parameters(model: Any) -> tuple[int, int]:
    """Those that learn, and all: of weights in 4 bits as many as they stand for."""
    if hasattr(model, "get_nb_trainable_parameters"):
        trained, total = model.get_nb_trainable_parameters()
        return int(trained), int(total)
    total = sum(parameter.numel() for parameter in model.parameters())
    return sum(p.numel() for p in model.parameters() if p.requires_grad), total
