"""What a run config calls a contradiction is refused by the libraries themselves, and only that."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from peft import LoraConfig
from torch.utils.data import DataLoader
from transformers import TrainingArguments, get_scheduler


def arguments(tmp_path: Path, **values: Any) -> TrainingArguments:
    return TrainingArguments(output_dir=str(tmp_path), use_cpu=True, report_to="none", **values)


def loader(**values: Any) -> DataLoader[int]:
    return DataLoader([1, 2], **values)  # type: ignore[arg-type]


def schedule(name: str, **values: Any) -> object:
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=0.1)
    return get_scheduler(name, optimizer, 1, 10, scheduler_specific_kwargs=values)


def test_what_is_loaded_ahead_needs_workers(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="dataloader_prefetch_factor"):
        arguments(tmp_path, dataloader_prefetch_factor=2)
    for wrong in ({"persistent_workers": True}, {"multiprocessing_context": "spawn"}):
        with pytest.raises(ValueError, match="num_workers"):
            loader(num_workers=0, **wrong)
        loader(num_workers=1, **wrong)


def test_schedules_with_a_number_of_their_own() -> None:
    for name in ("cosine_with_min_lr", "cosine_warmup_with_min_lr"):
        with pytest.raises(ValueError, match="min_lr"):
            schedule(name)
        with pytest.raises(ValueError, match="min_lr"):
            schedule(name, min_lr=0.0, min_lr_rate=0.1)
        schedule(name, min_lr_rate=0.1)
    with pytest.raises(TypeError, match="num_decay_steps"):
        schedule("warmup_stable_decay")
    schedule("warmup_stable_decay", num_decay_steps=2)


def test_layers_are_named_beside_a_list_of_modules() -> None:
    for wrong in (
        {"layers_to_transform": [1], "target_modules": "all-linear"},
        {"layers_pattern": "h", "target_modules": "all-linear"},
        {"layers_pattern": "h", "target_modules": ["q_proj"]},
        {"lora_bias": True, "init_lora_weights": "gaussian"},
    ):
        with pytest.raises(ValueError, match=r"layers_|lora_bias"):
            LoraConfig(**wrong)
    LoraConfig(layers_to_transform=[1], target_modules=["q_proj"])
    LoraConfig(lora_bias=True)


def test_the_cache_is_emptied_every_step_at_most(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="torch_empty_cache_steps"):
        arguments(tmp_path, torch_empty_cache_steps=0)
    arguments(tmp_path, torch_empty_cache_steps=1)


def test_formats_exclude_each_other(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="fp16 and bf16"):
        arguments(tmp_path, fp16=True, bf16=True)
