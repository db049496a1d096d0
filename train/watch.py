"""Watches a training: tells the parent, writes metrics.jsonl, and ends it where it must end."""

from __future__ import annotations

import json
import math
import time
from pathlib import Path
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from qtune.train import usage
from qtune.train.events import Saved, Say, Started, Step
from qtune.train.rundir import METRICS
from qtune.train.stop import Stop
from qtune.train.trainer import Safe


class Watch(TrainerCallback):
    """Tells the parent, writes metrics.jsonl, and stops when it is asked to or the loss is bad."""

    def __init__(self, say: Say, stop: Stop, rows: int) -> None:
        self.say = say
        self.stop = stop
        self.rows = rows
        self.trainer: Safe | None = None
        self.last_loss: float | None = None

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        # A resumed state brings the old intervals along; the config's are the ones that count.
        state.compute_steps(args, state.max_steps)  # type: ignore[no-untyped-call]
        self.say(Started(state.max_steps, state.global_step, self.rows))

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        if self.stop.signal is not None:
            control.should_save = True
            control.should_training_stop = True
        if control.should_save:
            control.should_log = True  # so that metrics.jsonl and the checkpoint end together

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, Any] | None = None,
        **_: Any,
    ) -> None:
        if not logs or "loss" not in logs or self.trainer is None:
            return
        loss = float(logs["loss"])
        norm = logs.get("grad_norm")
        step = Step(
            step=state.global_step,
            epoch=round(float(state.epoch or 0), 4),
            loss=loss,
            learning_rate=float(logs["learning_rate"]),
            grad_norm=None if norm is None or not math.isfinite(norm) else float(norm),
            tokens=int(state.num_input_tokens_seen),
            time=round(time.time(), 3),
            memory=usage.peak(),
        )
        self.trainer.check_loss()
        if loss == 0.0:
            raise self.trainer.stopped("TRN021")
        self.last_loss = loss
        with (Path(str(args.output_dir)) / METRICS).open("a", encoding="utf-8") as file:
            file.write(json.dumps(vars(step)) + "\n")
        self.say(step)

    def on_save(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        folder = Path(str(args.output_dir)) / f"checkpoint-{state.global_step}"
        self.say(Saved(state.global_step, str(folder)))
