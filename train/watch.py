"""Watches a training: tells the parent, writes metrics.jsonl, and ends it where it must end."""

from __future__ import annotations

import json
import math
import time
from pathlib import Path
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from qtune.train import evaluation, usage
from qtune.train.events import Evaluated, Saved, Say, Started, Step
from qtune.train.rundir import METRICS, forget_evaluation
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
        self._owes_save = False

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        # A resumed state brings the old intervals along; the config's are the ones that count.
        state.compute_steps(args, state.max_steps)  # type: ignore[no-untyped-call]
        self.say(Started(state.max_steps, state.global_step, self.rows))
        if self.trainer is None:
            return
        self.trainer.hurried = lambda: self.stop.known is not None and not _is_last(state)
        self.trainer.recall_best()
        if state.global_step:
            args.eval_on_start = False  # it was, when the run began
        if evaluation.is_due(self.trainer):
            if self.trainer.args.should_save:
                forget_evaluation(self.trainer.run_dir, state.global_step)
            metrics = self.trainer._evaluate(None, None)
            self.trainer._determine_best_metric(metrics, None)

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        if self.stop.asked() and not _is_last(state):
            control.should_save = True
            control.should_training_stop = True
            control.should_evaluate = False  # made up for when the run goes on
            control.should_log = True
            return
        if control.should_save:
            control.should_log = True  # so that metrics.jsonl and the checkpoint end together
            at_end = _is_last(state) or float(state.epoch or 0.5).is_integer()
            if args.eval_strategy == "epoch" and at_end:
                # The evaluation comes behind this: a checkpoint without it would have to make up for it.
                control.should_save = False
                self._owes_save = True

    def on_epoch_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        if self.stop.known is not None and not _is_last(state):
            control.should_evaluate = control.should_save = False  # saved at the end of the step
        elif self._owes_save:
            control.should_save = True
        self._owes_save = False
        control.should_log = control.should_log or control.should_save

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, Any] | None = None,
        **_: Any,
    ) -> None:
        if not logs or self.trainer is None:
            return
        if "eval_loss" in logs:
            self._evaluated(state, float(logs["eval_loss"]))
        if "loss" not in logs:
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
        if loss == 0.0 and self.trainer.zero_is_wrong:
            raise self.trainer.stopped("TRN021", state.global_step - 1)
        self.last_loss = loss
        self._note(step)

    def _evaluated(self, state: TrainerState, loss: float) -> None:
        if not math.isfinite(loss) and self.trainer is not None:
            raise self.trainer.stopped("TRN020", state.global_step - 1, evaluating=True)
        epoch = round(float(state.epoch or 0), 4)
        self._note(Evaluated(state.global_step, epoch, loss, round(time.time(), 3)))

    def _note(self, event: Step | Evaluated) -> None:
        if self.trainer is not None and self.trainer.args.should_save:
            with (self.trainer.run_dir / METRICS).open("a", encoding="utf-8") as file:
                file.write(json.dumps(vars(event)) + "\n")
        self.say(event)

    def on_save(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        folder = Path(str(args.output_dir)) / f"checkpoint-{state.global_step}"
        self.say(Saved(state.global_step, str(folder)))


def _is_last(state: TrainerState) -> bool:
    """Behind the last step nothing is left to hurry for: evaluation and save are the result."""
    return state.global_step >= state.max_steps
