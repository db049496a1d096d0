"""Models of a few thousand parameters, and rows for them, for tests that compare losses and gradients."""

from __future__ import annotations

import random
from typing import Any

import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoConfig, AutoModelForCausalLM

from qtune.train.loss import IGNORED

torch.set_num_threads(1)  # of tiny models: more wait for each other

VOCABULARY = 97
AUTO: Any = AutoModelForCausalLM


def model(kind: str = "qwen3", lora: bool = False, attention: str = "sdpa", **more: Any) -> Any:
    sizes: dict[str, Any] = {
        "vocab_size": VOCABULARY,
        "hidden_size": 32,
        "intermediate_size": 48,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "head_dim": 8,
        "use_cache": False,
    }
    torch.manual_seed(0)
    config = AutoConfig.for_model(kind, **{**sizes, **more.pop("config", {})})
    made = AUTO.from_config(config, attn_implementation=attention)
    if lora:
        fields = {"r": 4, "target_modules": "all-linear", "init_lora_weights": False, **more}
        made = get_peft_model(made, LoraConfig(task_type="CAUSAL_LM", **fields))
    return made.train()


def rows(lengths: list[int], seed: int = 0) -> list[dict[str, Any]]:
    """The first half of each is the prompt."""
    dice = random.Random(seed)
    made = []
    for length in lengths:
        ids = [dice.randrange(1, VOCABULARY) for _ in range(length)]
        asked = length // 2
        made.append({"input_ids": ids, "labels": [IGNORED] * asked + ids[asked:]})
    return made


def gradients(model: Any) -> dict[str, torch.Tensor]:
    found = {
        name: parameter.grad.clone()
        for name, parameter in model.named_parameters()
        if parameter.grad is not None
    }
    model.zero_grad()
    assert found
    return found


def furthest(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> float:
    """The largest difference between two models' gradients."""
    assert one.keys() == other.keys()
    return max(float((one[name] - other[name]).abs().max()) for name in one)
