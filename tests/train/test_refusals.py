"""What a run config calls a contradiction is refused by the libraries themselves, and only that."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from peft import LoraConfig, get_peft_model
from torch.utils.data import DataLoader
from transformers import TrainingArguments, get_scheduler

from qtune.core.runadapters import PAIRS, WITH_DORA


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


def test_the_best_model_is_saved_when_it_is_evaluated(tmp_path: Path) -> None:
    best = {"load_best_model_at_end": True, "eval_strategy": "steps", "save_strategy": "steps"}
    for wrong in (
        {"save_strategy": "epoch"},
        {"save_steps": 10, "eval_steps": 4},
        {"save_steps": 10, "eval_steps": 0.1},
        {"save_steps": 0.25, "eval_steps": 0.1},
    ):
        with pytest.raises(ValueError, match="load_best_model_at_end"):
            arguments(tmp_path, **{**best, **wrong})
    for right in (
        {"save_steps": 10, "eval_steps": 5},
        {"save_steps": 0.2, "eval_steps": 0.1},
        {"save_strategy": "epoch", "eval_strategy": "epoch"},
        {"save_strategy": "best", "metric_for_best_model": "eval_loss"},
    ):
        arguments(tmp_path, **{**best, **right})


def test_a_schedule_that_watches_the_loss_needs_an_evaluation(tmp_path: Path) -> None:
    for name in ("reduce_lr_on_plateau", "greedy"):
        with pytest.raises(ValueError, match="eval strategy"):
            arguments(tmp_path, lr_scheduler_type=name)
        arguments(tmp_path, lr_scheduler_type=name, eval_strategy="steps", eval_steps=5)


@pytest.mark.parametrize(
    ("word", "changes"),
    [("pissa", True), ("olora", True), ("gaussian", False), ("orthogonal", False), ("mica", False)],
)
def test_an_adapter_that_changes_the_base_weights_fits_no_other_copy_of_them(
    word: Any, changes: bool
) -> None:
    torch.manual_seed(0)
    model: Any = torch.nn.Sequential(torch.nn.Linear(16, 16, bias=False))
    before = model[0].weight.detach().clone()
    tuned: Any = get_peft_model(
        model, LoraConfig(r=4, target_modules=["0"], init_lora_weights=word)
    )
    assert torch.equal(before, tuned.base_model.model[0].base_layer.weight) is not changes


FIELDS: dict[str, Any] = {
    "lora_bias": True,
    "target_parameters": ["1.weight"],
    "alora_invocation_tokens": [5, 6],
    "velora_config": {"num_groups": 4},
    "init_lora_weights": "mica",
    "lora_dropout": 0.1,
}


def adapted(**values: Any) -> None:
    model: Any = torch.nn.Sequential(torch.nn.Linear(16, 16), torch.nn.Linear(16, 16))
    get_peft_model(model, LoraConfig(r=4, **{"target_modules": ["0"], **values}))


@pytest.mark.filterwarnings("ignore:aLoRA is currently only supported:UserWarning")
@pytest.mark.parametrize("names", [*(("use_dora", name) for name in WITH_DORA), *PAIRS])
def test_kinds_of_lora_that_do_not_go_together(names: tuple[str, str]) -> None:
    values = {"use_dora": True, **FIELDS}
    with pytest.raises(ValueError, match=r"not supported|does not work|unsupported variant"):
        adapted(**{name: values[name] for name in names})
    for name in names:
        adapted(**{name: values[name]})
