"""transformers' Trainer, with checkpoints that are whole or not there and a loss that is watched."""

from __future__ import annotations

import json
import math
import shutil
import time
from dataclasses import fields
from pathlib import Path
from typing import Any

import torch
from transformers import (
    PrinterCallback,
    Trainer,
    TrainerCallback,
    TrainerControl,
    TrainerState,
    TrainingArguments,
)

from qtune.core.errors import TrainError
from qtune.core.runconfig import RunConfig
from qtune.core.text import Text
from qtune.train import adapter, checkpoints
from qtune.train.causes import failure
from qtune.train.device import Placement
from qtune.train.events import Saved, Say, Started, Step
from qtune.train.mishaps import named
from qtune.train.rundir import METRICS
from qtune.train.stop import Stop


def arguments(config: RunConfig, placement: Placement) -> TrainingArguments:
    """The user's fields, and those qtune owns. Raises TrainError for what transformers refuses."""
    training: dict[str, Any] = dict(config.training)
    if training.get("activation_checkpointing"):
        # The reentrant variant needs inputs with gradients, which a frozen embedding lacks.
        given = training.get("activation_checkpointing_kwargs") or {}
        training["activation_checkpointing_kwargs"] = {"use_reentrant": False, **given}
    if "activation_checkpointing" not in {field.name for field in fields(TrainingArguments)}:
        for key in ("activation_checkpointing", "activation_checkpointing_kwargs"):
            if key in training:  # what older releases call it
                training[key.replace("activation", "gradient")] = training.pop(key)
    with named("TRN012", "training"):
        made = TrainingArguments(
            output_dir=str(config.output_dir),
            use_cpu=placement.device == "cpu",
            bf16=placement.dtype == torch.bfloat16,
            fp16=placement.dtype == torch.float16,
            report_to="none",
            disable_tqdm=True,
            remove_unused_columns=False,
            label_names=["labels"],
            include_num_input_tokens_seen="non_padding",
            logging_nan_inf_filter=False,  # it hides exactly what must be seen
            **training,
        )
    made._n_gpu = min(made.n_gpu, 1)  # several would be wrapped in DataParallel
    return made


class SafeTrainer(Trainer):
    """`base` is the name of the base model that each saved adapter carries."""

    def __init__(self, *, base: str, **options: Any) -> None:
        super().__init__(**options)
        self.remove_callback(PrinterCallback)  # the parent hears each step from Watch
        self.base = base
        self.run_dir = Path(str(self.args.output_dir))
        self.saving_to: Path | None = None
        self.spoiled = torch.zeros((), dtype=torch.bool, device=self.args.device)

    def training_step(self, *args: Any, **options: Any) -> torch.Tensor:
        loss = super().training_step(*args, **options)
        # Kept on the device: reading it at each step would make the GPU wait.
        self.spoiled |= ~torch.isfinite(loss.detach())
        return loss

    def check_loss(self) -> None:
        if self.spoiled.item():
            raise self.stopped("TRN020")

    def stopped(self, code: str) -> TrainError:
        last = checkpoints.find(self.run_dir)
        good = last.newest.name if last.newest else "none"
        return failure(
            code,
            Text(
                f"Stopped at step {self.state.global_step}. Last good checkpoint: {good}.",
                f"已在第 {self.state.global_step} 步停止。最后一个好的检查点：{good}。",
            ),
        )

    def _get_output_dir(self, trial: Any) -> str:
        return str(self.saving_to or self.run_dir)

    def _save_checkpoint(self, model: Any, trial: Any) -> None:
        self.check_loss()
        name = f"checkpoint-{self.state.global_step}"
        self.saving_to = self.run_dir / checkpoints.STAGING
        try:
            shutil.rmtree(self.saving_to, ignore_errors=True)
            super()._save_checkpoint(model, trial)
            checkpoints.commit(self.saving_to / name, self.run_dir / name)
            shutil.rmtree(self.saving_to, ignore_errors=True)
        finally:
            self.saving_to = None
        checkpoints.rotate(self.run_dir, self.args.save_total_limit)

    def _save(self, output_dir: str | None = None, state_dict: Any = None) -> None:
        folder = Path(output_dir or self.run_dir)
        folder.mkdir(parents=True, exist_ok=True)
        adapter.save(self.model, self.processing_class, folder, self.base)


class Watch(TrainerCallback):
    """Tells the parent, writes metrics.jsonl, and stops when it is asked to or the loss is bad."""

    def __init__(self, say: Say, stop: Stop, rows: int) -> None:
        self.say = say
        self.stop = stop
        self.rows = rows
        self.trainer: SafeTrainer | None = None
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
