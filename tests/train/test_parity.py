"""Equal settings give equal loss: a run of qtune beside the same training written plainly with torch and peft."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import LoraConfig, get_peft_model
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    get_cosine_schedule_with_warmup,
    set_seed,
)

from qtune.train import recipe
from qtune.train.events import Event, Step
from qtune.train.quickstart import INSTRUCTIONS
from qtune.train.stop import Stop
from tests.train.runs import make_job

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing`:FutureWarning"),
]

STEPS, BATCH, RATE = 8, 8, 1e-3
RUN = f"""\
model: quickstart
data: rows.jsonl
lora: {{r: 8, lora_alpha: 16, target_modules: all-linear}}
training:
  max_steps: {STEPS}
  per_device_train_batch_size: {BATCH}
  gradient_accumulation_steps: 1
  learning_rate: {RATE}
  lr_scheduler_type: cosine
  warmup_steps: 0
  weight_decay: 0
  max_grad_norm: 1.0
  activation_checkpointing: false
  train_sampling_strategy: sequential
  logging_steps: 1
"""


def singles() -> list[dict[str, str]]:
    """One question and one answer each."""
    lines = INSTRUCTIONS.read_text("utf-8").splitlines()
    return [row for row in map(json.loads, lines) if set(row) == {"instruction", "output"}]


def plainly(folder: Path) -> list[float]:
    """As anybody would write it: padded batches, the model's own loss, torch's AdamW."""
    tokenizer: Any = AutoTokenizer.from_pretrained(folder)
    base: Any = AutoModelForCausalLM.from_pretrained(folder)
    set_seed(42)
    config = LoraConfig(r=8, lora_alpha=16, target_modules="all-linear", task_type="CAUSAL_LM")
    model: Any = get_peft_model(base, config).train()
    learning = [each for each in model.parameters() if each.requires_grad]
    optimizer = torch.optim.AdamW(learning, lr=RATE, weight_decay=0.0)
    schedule = get_cosine_schedule_with_warmup(optimizer, 0, STEPS)
    rows = singles()
    losses = []
    for step in range(STEPS):
        some = rows[step * BATCH : (step + 1) * BATCH]
        loss = model(**_padded(tokenizer, some)).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(learning, 1.0)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
        losses.append(float(loss.detach()))
    return losses


def _padded(tokenizer: Any, rows: list[dict[str, str]]) -> dict[str, torch.Tensor]:
    ids, labels = [], []
    for row in rows:
        asked = f"<|im_start|>user\n{row['instruction']}<|im_end|>\n<|im_start|>assistant\n"
        prompt = tokenizer(asked)["input_ids"]
        answer = tokenizer(f"{row['output']}<|im_end|>")["input_ids"]
        end = tokenizer("\n")["input_ids"]
        ids.append([*prompt, *answer, *end])
        labels.append([-100] * len(prompt) + answer + [-100] * len(end))
    width = max(map(len, ids))

    def filled(some: list[list[int]], value: int) -> torch.Tensor:
        return torch.tensor([each + [value] * (width - len(each)) for each in some])

    return {
        "input_ids": filled(ids, tokenizer.pad_token_id),
        "attention_mask": filled([[1] * len(each) for each in ids], 0),
        "labels": filled(labels, -100),
    }


@pytest.mark.parametrize("packing", ["auto", "false"])
def test_the_loss_is_that_of_a_loop_written_plainly(
    packing: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    torch.set_num_threads(1)
    rows = "".join(json.dumps(row) + "\n" for row in singles())
    (tmp_path / "rows.jsonl").write_text(rows, encoding="utf-8")
    job = make_job(tmp_path / "out", tmp_path, f"packing={packing}", text=RUN)
    heard: list[Event] = []
    recipe.train(job, heard.append, Stop())
    ours = [event.loss for event in heard if isinstance(event, Step)]
    assert ours == pytest.approx(plainly(job.snapshot), abs=2e-4)
    assert ours[-1] < ours[0] - 0.02
