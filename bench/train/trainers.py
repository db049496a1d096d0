"""How each trainer is told the same run: LoRA r 8, alpha 16, all-linear, batch 8, 100 steps, 1e-3 cosine, float32."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import yaml

STEPS = 100
BATCH = 8
EVERY = 10  # steps between two logged losses


@dataclass(frozen=True)
class Command:
    """`argv` is run in a folder of its own. `loss` finds the loss in a line of its output that reports a step."""

    argv: tuple[str, ...]
    loss: re.Pattern[str]


@dataclass(frozen=True)
class Trainer:
    """`make` writes what the command needs into a folder; `venv` is the name of its environment."""

    name: str
    venv: str
    make: Callable[[Path, Path, Path, Path], Command]


_HF = re.compile(r"'loss': '?([\d.eE+-]+|nan)")


def _qtune(order: str) -> Callable[[Path, Path, Path, Path], Command]:
    def make(python: Path, folder: Path, model: Path, rows: Path) -> Command:
        training = {
            "max_steps": STEPS,
            "per_device_train_batch_size": BATCH,
            "gradient_accumulation_steps": 1,
            "learning_rate": 1e-3,
            "lr_scheduler_type": "cosine",
            "warmup_steps": 0,
            "activation_checkpointing": False,
            "logging_steps": EVERY,
            "save_strategy": "no",
            "seed": 42,
        }
        if order:
            training["train_sampling_strategy"] = order
        run: dict[str, object] = {
            "model": str(model),
            "data": str(rows),
            "lora": {"r": 8, "lora_alpha": 16, "target_modules": "all-linear"},
            "training": training,
            "max_length": 1024,
            "output_dir": str(folder / "out"),
        }
        if order:
            run["packing"] = False
        (folder / "run.yaml").write_text(yaml.safe_dump(run))
        argv = (str(python), "-m", "qtune", "run", "run.yaml")
        return Command(argv, re.compile(r"^step \d+ .*?loss ([\d.]+)"))

    return make


def _llamafactory(python: Path, folder: Path, model: Path, rows: Path) -> Command:
    known = {
        "rows": {
            "file_name": str(rows),
            "formatting": "sharegpt",
            "columns": {"messages": "messages"},
            "tags": {
                "role_tag": "role",
                "content_tag": "content",
                "user_tag": "user",
                "assistant_tag": "assistant",
            },
        }
    }
    (folder / "dataset_info.json").write_text(json.dumps(known))
    run = {
        "model_name_or_path": str(model),
        "stage": "sft",
        "do_train": True,
        "finetuning_type": "lora",
        "lora_rank": 8,
        "lora_alpha": 16,
        "lora_dropout": 0.0,
        "lora_target": "all",
        "dataset": "rows",
        "dataset_dir": str(folder),
        "template": "llama3",
        "cutoff_len": 1024,
        "output_dir": str(folder / "out"),
        "per_device_train_batch_size": BATCH,
        "gradient_accumulation_steps": 1,
        "learning_rate": 1e-3,
        "lr_scheduler_type": "cosine",
        "warmup_steps": 0,
        "max_steps": STEPS,
        "seed": 42,
        "logging_steps": EVERY,
        "logging_first_step": True,
        "save_strategy": "no",
        "report_to": "none",
        "overwrite_cache": True,
        "use_cpu": True,
        "disable_gradient_checkpointing": True,
    }
    (folder / "run.yaml").write_text(yaml.safe_dump(run))
    return Command((str(python.parent / "llamafactory-cli"), "train", "run.yaml"), _HF)


def _swift(python: Path, folder: Path, model: Path, rows: Path) -> Command:
    options = {
        "model": model,
        "model_type": "qwen3",
        "template": "llama3",
        "dataset": rows,
        "tuner_type": "lora",
        "lora_rank": 8,
        "lora_alpha": 16,
        "lora_dropout": 0,
        "target_modules": "all-linear",
        "torch_dtype": "float32",
        "attn_impl": "sdpa",
        "max_length": 1024,
        "output_dir": folder / "out",
        "per_device_train_batch_size": BATCH,
        "gradient_accumulation_steps": 1,
        "learning_rate": 1e-3,
        "lr_scheduler_type": "cosine",
        "warmup_ratio": 0,
        "weight_decay": 0,
        "adam_beta2": 0.999,
        "max_steps": STEPS,
        "seed": 42,
        "data_seed": 42,
        "logging_steps": EVERY,
        "logging_first_step": "true",
        "save_strategy": "no",
        "split_dataset_ratio": 0,
        "gradient_checkpointing": "false",
        "report_to": "none",
        "use_cpu": "true",
        "load_from_cache_file": "false",
    }
    argv = [str(python.parent / "swift"), "sft"]
    for key, value in options.items():
        argv += [f"--{key}", str(value)]
    return Command(tuple(argv), _HF)


def _trl(python: Path, folder: Path, model: Path, rows: Path) -> Command:
    data = folder / "data"
    data.mkdir()
    with (data / "train.jsonl").open("w", encoding="utf-8") as file:
        for line in rows.read_text(encoding="utf-8").splitlines():
            *prompt, answer = json.loads(line)["messages"]
            file.write(json.dumps({"prompt": prompt, "completion": [answer]}) + "\n")
    options = {
        "model_name_or_path": model,
        "dataset_name": data,
        "use_peft": "true",
        "lora_r": 8,
        "lora_alpha": 16,
        "lora_dropout": 0,
        "lora_target_modules": "all-linear",
        "dtype": "float32",
        "max_length": 1024,
        "output_dir": folder / "out",
        "per_device_train_batch_size": BATCH,
        "gradient_accumulation_steps": 1,
        "learning_rate": 1e-3,
        "lr_scheduler_type": "cosine",
        "warmup_steps": 0,
        "max_steps": STEPS,
        "seed": 42,
        "logging_steps": EVERY,
        "logging_first_step": "true",
        "save_strategy": "no",
        "report_to": "none",
        "bf16": "false",
        "use_cpu": "true",
        "gradient_checkpointing": "false",
    }
    argv = [str(python.parent / "trl"), "sft"]
    for key, value in options.items():
        argv += [f"--{key}", str(value)]
    return Command(tuple(argv), _HF)


HERE = Path(sys.executable)
TRAINERS = (
    Trainer("qtune", "", _qtune("")),
    Trainer("qtune, order of the peers", "", _qtune("random")),
    Trainer("LLaMA-Factory 0.9.5", "llamafactory", _llamafactory),
    Trainer("ms-swift 4.6.0", "swift", _swift),
    Trainer("TRL 1.16.0", "trl", _trl),
)
