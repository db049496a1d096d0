"""The same run done three ways in one process: a loop written by hand, a plain transformers Trainer, and qtune's.

All of them take the rows in the same order and learn the same tokens, so that their losses must be equal.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, get_peft_model
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    PrinterCallback,
    Trainer,
    TrainingArguments,
)
from transformers.utils.logging import disable_progress_bar

from bench.train.trainers import BATCH, EVERY
from qtune.train import loss
from qtune.train.batches import layout, micro
from qtune.train.batches.bins import lengths_of
from qtune.train.batches.micro import Layout
from qtune.train.batchsize import Room
from qtune.train.feeding import FastTrainer
from qtune.train.loss import IGNORED
from qtune.train.stepping import Feed

AUTO: Any = AutoModelForCausalLM
RATE = 1e-3


@dataclass(frozen=True)
class Outcome:
    """`seconds` and `busy` (of all threads) of the steps alone, and the mean loss of them."""

    seconds: float
    busy: float
    loss: float


Runner = Callable[[Path, list[dict[str, list[int]]], int], Outcome]


def texts(model: Path, rows: Path) -> list[dict[str, list[int]]]:
    """Question and answer by the tokenizer's own template; the answer is learnt."""
    tokenizer: Any = AutoTokenizer.from_pretrained(model)
    made = []
    for line in rows.read_text(encoding="utf-8").splitlines():
        messages = json.loads(line)["messages"]
        asked = _ids(tokenizer, messages[:-1], add_generation_prompt=True)
        whole = _ids(tokenizer, messages)
        made.append({"input_ids": whole, "labels": [IGNORED] * len(asked) + whole[len(asked) :]})
    return made


def _ids(tokenizer: Any, messages: list[Any], **options: Any) -> list[int]:
    text = tokenizer.apply_chat_template(messages, tokenize=False, **options)
    ids: list[int] = tokenizer(text, add_special_tokens=False)["input_ids"]
    return ids


def by_hand(folder: Path, rows: list[dict[str, list[int]]], steps: int) -> Outcome:
    """The arithmetic of qtune's step and nothing else: no logs, no checks, no callbacks."""
    model, laid = _ours(folder, rows)
    learning = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(learning, lr=RATE, fused=True, weight_decay=0.0)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    model.train()
    total = 0.0
    began, busy = time.perf_counter(), time.process_time()
    for number in range(steps):
        some = [rows[i % len(rows)] for i in range(number * BATCH, (number + 1) * BATCH)]
        examples = [micro.example(row) for row in some]
        learnt = sum(sum(label != IGNORED for label in each.labels) for each in examples)
        value = model(**micro.inputs(examples, laid), num_items_in_batch=learnt).loss
        value.backward()
        torch.nn.utils.clip_grad_norm_(learning, 1.0)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
        total += value.item()
    return Outcome(time.perf_counter() - began, time.process_time() - busy, total / steps)


def plain(folder: Path, rows: list[dict[str, list[int]]], steps: int) -> Outcome:
    """transformers and peft as their pages show them."""
    with tempfile.TemporaryDirectory() as place:
        trainer = _PlainTrainer(
            model=_model(folder),
            args=_arguments(place, steps, train_sampling_strategy="sequential"),
            train_dataset=rows,
            data_collator=_padded,
        )
        return _timed(trainer)


def qtune(folder: Path, rows: list[dict[str, list[int]]], steps: int) -> Outcome:
    model, laid = _ours(folder, rows)
    with tempfile.TemporaryDirectory() as place:
        room = Room(BATCH * max(lengths_of(rows)))
        trainer = _FastTrainer(
            feed=Feed(laid, room, BATCH, lambda event: None, shuffled=False),
            base="bench",
            model=model,
            args=_arguments(place, steps, include_num_input_tokens_seen="non_padding"),
            train_dataset=rows,
        )
        return _timed(trainer)


class _PlainTrainer(Trainer):
    begun: tuple[float, float] | None = None

    def _run_epoch(self, *args: Any, **options: Any) -> Any:
        self.begun = self.begun or (time.perf_counter(), time.process_time())
        return super()._run_epoch(*args, **options)  # type: ignore[no-untyped-call]


class _FastTrainer(FastTrainer, _PlainTrainer):
    pass


def _timed(trainer: _PlainTrainer) -> Outcome:
    trainer.remove_callback(PrinterCallback)
    trainer.train()
    ended = time.perf_counter(), time.process_time()
    assert trainer.begun is not None
    logged = [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
    began, busy = trainer.begun
    return Outcome(ended[0] - began, ended[1] - busy, sum(logged) / len(logged))


def _model(folder: Path) -> Any:
    disable_progress_bar()  # type: ignore[no-untyped-call]
    torch.manual_seed(42)
    made = AUTO.from_pretrained(folder, dtype=torch.float32)
    made.config.use_cache = False
    fields: dict[str, Any] = {"r": 8, "lora_alpha": 16, "target_modules": "all-linear"}
    return get_peft_model(made, LoraConfig(task_type="CAUSAL_LM", **fields))


def _ours(folder: Path, rows: list[dict[str, list[int]]]) -> tuple[Any, Layout]:
    model = _model(folder)
    loss.install(model)
    lengths = lengths_of(rows)
    laid, _ = layout.choose(
        model, "sdpa", "auto", lengths, batch=BATCH, pad=0, longest=max(lengths), device="cpu"
    )
    return model, laid


def _arguments(place: str, steps: int, **more: Any) -> TrainingArguments:
    return TrainingArguments(
        output_dir=place,
        per_device_train_batch_size=BATCH,
        max_steps=steps,
        learning_rate=RATE,
        lr_scheduler_type="cosine",
        logging_steps=EVERY,
        save_strategy="no",
        report_to="none",
        disable_tqdm=True,
        use_cpu=True,
        remove_unused_columns=False,
        **more,
    )


def _padded(rows: list[dict[str, list[int]]]) -> dict[str, torch.Tensor]:
    width = max(len(row["input_ids"]) for row in rows)

    def fill(key: str, filler: int) -> torch.Tensor:
        return torch.tensor([row[key] + [filler] * (width - len(row[key])) for row in rows])

    mask = [[1] * len(row["input_ids"]) + [0] * (width - len(row["input_ids"])) for row in rows]
    return {
        "input_ids": fill("input_ids", 0),
        "labels": fill("labels", IGNORED),
        "attention_mask": torch.tensor(mask),
    }
