"""The loss on rows that are not trained on: summed over their tokens, and nothing kept but the sum.

transformers averages the means of batches, so that its number changes with the size of a batch; and it
leaves the random numbers that training draws from elsewhere than it found them. This does neither.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from transformers.trainer_utils import EvalLoopOutput

from qtune.train.loss import IGNORED
from qtune.train.mishaps import translate


class EvaluationStopped(Exception):
    """Somebody asked the run to stop while it evaluated."""


@contextmanager
def as_it_was(trainer: Any) -> Iterator[None]:
    """Random numbers behind it are those that would have come without it."""
    devices = [torch.cuda.current_device()] if trainer.args.device.type == "cuda" else []
    python, numpy = random.getstate(), np.random.get_state()
    with torch.random.fork_rng(devices=devices):
        yield
    random.setstate(python)
    np.random.set_state(numpy)


def held_out_loss(trainer: Any, batches: Any, prefix: str) -> EvalLoopOutput:
    """Mean over the tokens that have a label. Raises EvaluationStopped."""
    model = trainer.model_wrapped if trainer.is_in_train else _prepared(trainer)
    was_training = model.training
    model.eval()
    total, tokens, rows = 0.0, 0.0, 0
    for inputs in batches:
        if trainer.hurried():
            raise EvaluationStopped
        rows += len(inputs["labels"])
        for loss, count in _losses(trainer, model, trainer._prepare_inputs(inputs)):
            total += loss * count
            tokens += count
    model.train(was_training)
    mean = total / tokens if tokens else float("nan")
    metrics = {f"{prefix}_loss": mean}
    nothing: Any = None
    return EvalLoopOutput(predictions=nothing, label_ids=None, metrics=metrics, num_samples=rows)


def _losses(trainer: Any, model: Any, inputs: Any) -> Iterator[tuple[float, float]]:
    """(mean loss, tokens) of a batch; of its halves where the memory is not enough for the whole."""
    count = trainer._get_num_items_in_batch([inputs], trainer.args.device)
    try:
        with torch.no_grad(), trainer.compute_loss_context_manager():
            # A copy: with label smoothing the labels are taken out of it.
            loss = trainer.compute_loss(model, {**inputs}, num_items_in_batch=count)
        if count is None:
            yield _weighed(trainer, loss.detach(), inputs["labels"])
            return
        # A Mac's GPU knows no float64.
        mean = trainer.accelerator.gather(loss.detach().reshape(1)).cpu().double().mean().item()
        yield mean, float(count)
        return
    except (RuntimeError, MemoryError) as error:
        known, rows = translate(error), len(inputs["labels"])
        # Processes that wait for each other cannot begin anew one by one.
        if known is None or known.code != "TRN022" or rows == 1 or trainer.args.world_size > 1:
            raise
    half = (rows + 1) // 2
    for part in (slice(None, half), slice(half, None)):
        yield from _losses(trainer, model, {key: value[part] for key, value in inputs.items()})


def _weighed(trainer: Any, loss: torch.Tensor, labels: torch.Tensor) -> tuple[float, float]:
    """Of a model that takes no count: each process has the mean of its own batch."""
    learnt = (labels[..., 1:] != IGNORED).sum()
    summed = torch.where(learnt > 0, loss.float() * learnt, 0.0)
    total, tokens = trainer.accelerator.gather(torch.stack([summed, learnt])[None]).sum(0).tolist()
    return total / max(tokens, 1.0), tokens


def _prepared(trainer: Any) -> Any:
    return trainer.accelerator.prepare_model(trainer.model, evaluation_mode=True)


def is_due(trainer: Any) -> bool:
    """Whether this step was to be evaluated and has not been: the run was stopped before it could."""
    args, state = trainer.args, trainer.state
    step = state.global_step
    if not step or trainer.eval_dataset is None or args.eval_strategy == "no":
        return False
    if any(entry.get("step") == step and "eval_loss" in entry for entry in state.log_history):
        return False
    if args.eval_strategy == "epoch":
        return bool(float(state.epoch or 0.5).is_integer() and args.eval_delay <= state.epoch)
    return bool(step % state.eval_steps == 0 and args.eval_delay <= step)
