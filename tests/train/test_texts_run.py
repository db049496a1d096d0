"""A whole run on a stream of rows, of a base model with Qwen3's template: what it leaves to those who ask it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from qtune.train.events import Done
from qtune.train.texts import prompting
from tests.train import templates
from tests.train.runs import environ, make_job, run_child

YAML = """\
model: quickstart
data: {data}
streaming: true
max_length: 128
lora: {{r: 4, target_modules: all-linear}}
training: {{max_steps: 2, per_device_train_batch_size: 2, gradient_accumulation_steps: 1, logging_steps: 1}}
"""


@pytest.mark.slow
def test_what_generation_needs_lies_beside_the_adapter(tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file
    from transformers import AutoTokenizer, GenerationConfig

    from qtune.train.quickstart import model

    data = tmp_path / "chats.jsonl"
    turns = [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]
    data.write_text("\n".join(json.dumps({"messages": turns, "n": n}) for n in range(20)), "utf-8")
    job = make_job(tmp_path / "out", tmp_path / "cache", text=YAML.format(data=data))
    model.ensure(job.snapshot)
    tokenizer: Any = AutoTokenizer.from_pretrained(job.snapshot, local_files_only=True)
    end = tokenizer.eos_token_id
    tokenizer.eos_token = "<|endoftext|>"
    tokenizer.chat_template = templates.source("qwen3")
    tokenizer.save_pretrained(job.snapshot)
    weights = load_file(job.snapshot / "model.safetensors")
    embedding = weights["model.embed_tokens.weight"]
    embedding[tokenizer.convert_tokens_to_ids(["<|im_start|>", "<|im_end|>"])] *= 0.01
    save_file(weights, job.snapshot / "model.safetensors", metadata={"format": "pt"})
    edited = job.snapshot / "generation_config.json"
    edited.write_text(json.dumps({"eos_token_id": tokenizer.eos_token_id}), encoding="utf-8")

    outcome = run_child(job, environ(tmp_path))
    assert outcome.code == 0, outcome.stderr
    assert any(isinstance(event, Done) and event.steps == 2 for event in outcome.events)
    assert any(line.startswith("20 rows, 20 examples") for line in outcome.logs())
    run = job.config.output_dir
    saved: Any = AutoTokenizer.from_pretrained(run, local_files_only=True)
    asked = prompting.text(saved, turns[:1])
    # As the rows, which have no thought, were learnt.
    assert asked.endswith("<think>\n\n</think>\n\n")
    wanted = GenerationConfig.from_pretrained(run).eos_token_id
    assert set(wanted) == {end, tokenizer.eos_token_id}
    assert saved.pad_token_id not in wanted
    assert any("never saw these tokens" in line for line in outcome.logs()), outcome.logs()
    learnt = load_file(run / "adapter_model.safetensors")
    (rows,) = (value for name, value in learnt.items() if "trainable_tokens_delta" in name)
    before = embedding[tokenizer.convert_tokens_to_ids(["<|im_start|>", "<|im_end|>"])]
    assert rows.shape == before.shape and not rows.isclose(before).all(dim=1).any()
