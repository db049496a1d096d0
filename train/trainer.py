"""transformers' Trainer, with checkpoints that are whole or not there and a loss that is watched."""

from __future__ import annotations

import shutil
from dataclasses import fields
from pathlib import Path
from typing import Any

import torch
from transformers import (
    PrinterCallback,
    Trainer,
    TrainingArguments,
)

from qtune.core.errors import TrainError
from qtune.core.runconfig import RunConfig
from qtune.core.text import Text
from qtune.train import adapter, checkpoints
from qtune.train.causes import failure
from qtune.train.device import Placement
from qtune.train.mishaps import named


def arguments(
    config: RunConfig,
    placement: Placement,
    kind: type[TrainingArguments] = TrainingArguments,
    **more: Any,
) -> TrainingArguments:
    """The user's fields, and those qtune owns. Raises TrainError for what transformers refuses.

    `more` are fields of `kind`, where a method has a class of its own.
    """
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
        made = kind(
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
            **{**training, **more},
        )
    made._n_gpu = min(made.n_gpu, 1)  # several would be wrapped in DataParallel
    return made


class Safe(Trainer):
    """What every method's trainer is: its checkpoints are whole, its losses finite.

    Stands before a library's own trainer: `class SafeX(Safe, XTrainer)`. `base` is the name of the base
    model that each saved adapter carries.
    """

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


class SafeTrainer(Safe):
    """Of sft and pt."""
