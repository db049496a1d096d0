"""transformers' Trainer, with checkpoints that are whole or not there and a loss that is watched."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import torch
from torch.optim.lr_scheduler import LambdaLR
from transformers import (
    PrinterCallback,
    Trainer,
    TrainerState,
    TrainingArguments,
)
from transformers.trainer import TRAINER_STATE_NAME
from transformers.trainer_utils import EvalLoopOutput

from qtune.core.errors import TrainError
from qtune.core.runconfig import RunConfig
from qtune.train import checkpoints, dealing, distributed, evaluation, halting, product, reporting
from qtune.train.device import Placement
from qtune.train.evaluation import EvaluationStopped
from qtune.train.health import Health
from qtune.train.mishaps import named
from qtune.train.sharding import Sharded


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
    micro = training["per_device_train_batch_size"]
    training.setdefault("per_device_eval_batch_size", micro)
    training["prediction_loss_only"] = True  # logits of a whole evaluation fill any memory
    with named("TRN012", "training"):
        made = kind(
            output_dir=str(config.output_dir),
            use_cpu=placement.device == "cpu",
            bf16=placement.dtype == torch.bfloat16,
            fp16=placement.dtype == torch.float16,
            disable_tqdm=True,
            remove_unused_columns=False,
            label_names=["labels"],
            include_num_input_tokens_seen="non_padding",
            logging_nan_inf_filter=False,  # it hides exactly what must be seen
            **{**training, **reporting.arguments(config), **more},
        )
    made._n_gpu = min(made.n_gpu, 1)  # several would be wrapped in DataParallel
    distributed.prepare(made)
    return made


class Safe(Sharded, Trainer):
    """What every method's trainer is: its checkpoints are whole, its losses finite.

    Stands before a library's own trainer: `class SafeX(Safe, XTrainer)`. `base` is the name of the base
    model that each saved adapter carries. `hurried` says whether somebody waits for the run to stop.
    """

    # Is a loss of exactly 0 a fault? Not where a method's loss falls that far by itself.
    zero_is_wrong = True

    def __init__(self, *, base: str, **options: Any) -> None:
        super().__init__(**options)
        self.remove_callback(PrinterCallback)  # the parent hears each step from Watch
        self.base = base
        self.run_dir = Path(str(self.args.output_dir))
        self.saving_to: Path | None = None
        self.health = Health(self.args.device)
        self.hurried: Callable[[], bool] = lambda: False

    # --- losses and gradients ---

    def training_step(self, *args: Any, **options: Any) -> torch.Tensor:
        loss = super().training_step(*args, **options)
        self.health.saw_loss(loss, self.state.global_step)
        return loss

    def _get_grad_norm(self, model: Any, grad_norm: Any = None) -> Any:
        norm = super()._get_grad_norm(model, grad_norm=grad_norm)  # type: ignore[no-untyped-call]
        if hasattr(norm, "full_tensor"):
            norm = norm.full_tensor()  # of gradients that are spread over the ranks
        self.health.saw_norm(norm, scaled=getattr(self.accelerator, "scaler", None) is not None)
        return norm

    def check_loss(self) -> None:
        """Raises TrainError where a loss or a gradient was no number since the last look."""
        if (bad := self.health.bad_loss()) is not None:
            raise self.stopped("TRN020", *bad)
        if (bad := self.health.bad_norm()) is not None:
            raise self.stopped("TRN075", bad[0], None)
        self.health.forget()

    def stopped(
        self,
        code: str,
        steps: int | None = None,
        place: int | None = None,
        *,
        evaluating: bool = False,
    ) -> TrainError:
        """The error that ends a run behind so many steps, at a micro-batch of the next one or after it."""
        before = self.state.global_step - 1 if steps is None else steps
        return halting.error(self, code, before, place, evaluating)

    # --- evaluation ---

    def evaluate(self, *args: Any, **options: Any) -> dict[str, float]:
        with evaluation.as_it_was(self):
            return super().evaluate(*args, **options)

    def _evaluate(self, *args: Any, **options: Any) -> dict[str, float]:
        try:
            return super()._evaluate(*args, **options)
        except EvaluationStopped:  # it is made up for when the run goes on
            self.control.should_save = True
            self.control.should_training_stop = True
            return {}

    def _determine_best_metric(self, metrics: dict[str, float], trial: Any) -> bool:
        if not metrics:
            return False
        best = super()._determine_best_metric(metrics, trial)
        if best and self.args.load_best_model_at_end:
            self.control.should_save = (
                True  # whatever save_steps says: it may be the best to the end
            )
        return best

    def _finalize_training(self, *args: Any) -> Any:
        """With a limit of one transformers removes all but the best here: no run could be extended then."""
        limit, self.args.save_total_limit = self.args.save_total_limit, None
        try:
            return super()._finalize_training(*args)  # type: ignore[no-untyped-call]
        finally:
            self.args.save_total_limit = limit

    def recall_best(self) -> None:
        """Where the best checkpoint lies now: a state that was saved elsewhere does not know."""
        folder = self.run_dir / f"checkpoint-{self.state.best_global_step}"
        is_there = bool(self.state.best_global_step) and checkpoints.is_whole(folder)
        self.state.best_model_checkpoint = str(folder) if is_there else None
        if not is_there:
            self.state.best_metric = None
            self.state.best_global_step = None

    # --- checkpoints ---

    def _get_output_dir(self, trial: Any) -> str:
        return str(self.saving_to or self.run_dir)

    def _save_checkpoint(self, model: Any, trial: Any) -> None:
        self.check_loss()
        ranks = distributed.here()
        name = f"checkpoint-{self.state.global_step}"
        self.saving_to = self.run_dir / checkpoints.STAGING
        try:
            if ranks.leads:
                shutil.rmtree(self.saving_to, ignore_errors=True)
            ranks.meet()
            super()._save_checkpoint(model, trial)
            ranks.meet()  # each rank has written its part
            if ranks.leads:
                _forget_place(self.saving_to / name / TRAINER_STATE_NAME)
                checkpoints.commit(self.saving_to / name, self.run_dir / name)
                shutil.rmtree(self.saving_to, ignore_errors=True)
            ranks.meet()
        except BaseException:  # what is half written would only take the space that is lacking
            if ranks.leads:
                shutil.rmtree(self.saving_to, ignore_errors=True)
            raise
        finally:
            self.saving_to = None
        if self.args.load_best_model_at_end and self.state.best_global_step:
            self.recall_best()
        if ranks.leads:
            limit = self.args.save_total_limit
            checkpoints.rotate(self.run_dir, limit, self.state.best_global_step)

    def _save(self, output_dir: str | None = None, state_dict: Any = None) -> None:
        if not self.args.should_save:
            return
        folder = Path(output_dir or self.run_dir)
        folder.mkdir(parents=True, exist_ok=True)
        product.save(self.model, self.processing_class, folder, self.base, state_dict)

    def restore(self, folder: Path) -> None:
        """What a training that came to its end in `folder` had learnt: the best, where that was asked for."""
        if self.args.load_best_model_at_end:
            self.state = TrainerState.load_from_json(str(folder / TRAINER_STATE_NAME))
            self.recall_best()
            folder = Path(self.state.best_model_checkpoint or folder)
        self._load_from_checkpoint(str(folder))

    def _load_optimizer_and_scheduler(self, checkpoint: str | None) -> None:
        """As transformers does; then the learning rate is what the schedule says for this step.

        The optimizer brings along the rate of the run's last step. Where the run was longer than it was
        to be, that would be the end of the old schedule: usually 0.
        """
        super()._load_optimizer_and_scheduler(checkpoint)
        schedule = getattr(self.lr_scheduler, "scheduler", self.lr_scheduler)
        if checkpoint is None or not isinstance(schedule, LambdaLR):
            return
        rates = [
            base * rate(schedule.last_epoch)
            for base, rate in zip(schedule.base_lrs, schedule.lr_lambdas, strict=True)
        ]
        for group, rate in zip(schedule.optimizer.param_groups, rates, strict=True):
            group["lr"] = rate
        schedule._last_lr = list(rates)


class SafeTrainer(Safe):
    """Of sft and pt."""

    def evaluation_loop(
        self, dataloader: Any, description: str, *_: Any, metric_key_prefix: str = "eval", **__: Any
    ) -> EvalLoopOutput:
        batches = dealing.deal(dataloader, distributed.here())
        return evaluation.held_out_loss(self, batches, metric_key_prefix)


def _forget_place(state: Path) -> None:
    """The best checkpoint is written down by its step: its folder is another one by now."""
    if state.is_file():
        read = json.loads(state.read_text(encoding="utf-8"))
        read["best_model_checkpoint"] = None
        state.write_text(json.dumps(read, indent=2, sort_keys=True) + "\n", encoding="utf-8")
