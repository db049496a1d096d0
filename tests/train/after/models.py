"""A tiny Qwen3 on the disk, and adapters on it of every kind, made without a training."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, get_peft_model
from transformers import Qwen3Config, Qwen3ForCausalLM

from qtune.train.after.asked import Asked
from qtune.train.after.events import Event
from qtune.train.quickstart.model import make_tokenizer

THINKING = """\
{%- for message in messages -%}
<|im_start|>{{ message.role }}
{{ message.content }}<|im_end|>
{% endfor -%}
{%- if add_generation_prompt -%}
<|im_start|>assistant
{% if enable_thinking is defined and enable_thinking is false -%}
<think>

</think>

{% endif -%}
{%- endif -%}
"""
ROWS = 2304  # more embeddings than the tokenizer has tokens, as Qwen's vocabulary is padded


def base(folder: Path, *, tied: bool = True, dtype: torch.dtype = torch.float32) -> Path:
    """The model with its tokenizer, whose template knows enable_thinking."""
    tokenizer: Any = make_tokenizer()
    tokenizer.chat_template = THINKING
    tokenizer.save_pretrained(folder)
    torch.manual_seed(1)
    model: Any = Qwen3ForCausalLM(
        Qwen3Config(
            vocab_size=ROWS,
            hidden_size=64,
            intermediate_size=128,
            num_hidden_layers=2,
            num_attention_heads=4,
            num_key_value_heads=2,
            head_dim=16,
            max_position_embeddings=256,
            tie_word_embeddings=tied,
            bos_token_id=None,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )
    )
    model.generation_config.eos_token_id = [tokenizer.eos_token_id, tokenizer.pad_token_id]
    model.to(dtype).save_pretrained(folder)
    return folder


def adapter(folder: Path, on: Path, **lora: Any) -> Path:
    """An adapter that changes every answer, as if it had been trained; it names `on` as `Qwen/tiny`."""
    from transformers import AutoTokenizer

    model: Any = Qwen3ForCausalLM.from_pretrained(on, dtype="auto")
    chosen = {"r": 4, "lora_alpha": 16, "target_modules": "all-linear", **lora}
    model = get_peft_model(model, LoraConfig(task_type="CAUSAL_LM", **chosen))
    torch.manual_seed(2)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter += 0.1 * torch.randn_like(parameter)
    model.peft_config["default"].base_model_name_or_path = "Qwen/tiny"
    model.save_pretrained(folder, save_embedding_layers=False)
    tokenizer: Any = AutoTokenizer.from_pretrained(on)
    tokenizer.save_pretrained(folder)
    return folder


def asked(task: Any, folder: Path, on: Path | None, **changes: Any) -> Asked:
    values: dict[str, Any] = {"device": "cpu", "dtype": "float32", **changes}
    return Asked(task, folder, (folder / "adapter_config.json").is_file(), on, **values)


def told(events: list[Event]) -> Callable[[Event], None]:
    return events.append


def config_of(folder: Path) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((folder / "config.json").read_text())
    return read
