"""A model that FSDP2 spreads over the ranks, in the files of one that is not: either goes on with them.

transformers and accelerate save such a model a second time as a pickle, and its optimizer under names that
only FSDP reads. Here the model is a safetensors file and the optimizer what a single process would write,
so that a run may go on with another number of ranks, or without FSDP.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch.distributed.checkpoint.state_dict import (
    StateDictOptions,
    get_model_state_dict,
    get_optimizer_state_dict,
    set_optimizer_state_dict,
)
from transformers import Trainer
from transformers.trainer import OPTIMIZER_NAME, SCHEDULER_NAME

from qtune.train import distributed

WHOLE = StateDictOptions(full_state_dict=True, cpu_offload=True)

if TYPE_CHECKING:
    _Trainer = Trainer
else:
    _Trainer = object


class Sharded(_Trainer):
    """Stands before a Trainer; does nothing where the model is not to be spread."""

    def whole_state(self) -> dict[str, Any] | None:
        """What is learnt, gathered on rank 0 (empty on the others); None: the model has it itself."""
        model: Any = self.model
        if not is_spread(model):
            return None
        options = replace(
            WHOLE, ignore_frozen_params=any(not w.requires_grad for w in model.parameters())
        )
        state = get_model_state_dict(model, options=options)
        for name, other in _tied(model).items():
            if name in state and other in state:
                state[name] = state[other]  # one tensor again: it is gathered once for each name
            else:
                state.pop(name, None)  # frozen, which torch sees under the first name alone
        return state

    def train(self, resume_from_checkpoint: Any = None, *args: Any, **options: Any) -> Any:
        if self.is_fsdp_enabled and resume_from_checkpoint:
            self._load_from_checkpoint(resume_from_checkpoint)  # before it is spread
        return super().train(resume_from_checkpoint, *args, **options)

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: Any = None) -> None:
        if is_spread(self.model):
            return  # it was loaded before
        spreads, self.is_fsdp_enabled = self.is_fsdp_enabled, False
        try:
            super()._load_from_checkpoint(resume_from_checkpoint, model)
        finally:
            self.is_fsdp_enabled = spreads

    def save_model(self, output_dir: str | None = None, _internal_call: bool = False) -> None:
        if is_spread(self.model):
            self._save(output_dir, state_dict=self.whole_state())
        else:
            super().save_model(output_dir, _internal_call)

    def _save_optimizer_and_scheduler(self, output_dir: str) -> None:
        if not is_spread(self.model):
            super()._save_optimizer_and_scheduler(output_dir)
            return
        state = optimizer_state(self.model, _inner(self.optimizer))
        if distributed.here().leads:
            torch.save(state, Path(output_dir) / OPTIMIZER_NAME)
            torch.save(self.lr_scheduler.state_dict(), Path(output_dir) / SCHEDULER_NAME)  # type: ignore[union-attr]

    def _load_optimizer_and_scheduler(self, checkpoint: str | None) -> None:
        if checkpoint is None or not is_spread(self.model):
            super()._load_optimizer_and_scheduler(checkpoint)
            return
        folder = Path(checkpoint)
        if distributed.here().leads:
            state = torch.load(folder / OPTIMIZER_NAME, map_location="cpu", weights_only=True)
        else:
            state = {}
        restore_optimizer(self.model, _inner(self.optimizer), state)
        self.lr_scheduler.load_state_dict(torch.load(folder / SCHEDULER_NAME, weights_only=True))  # type: ignore[union-attr]


def is_spread(model: Any) -> bool:
    if not distributed.here().size > 1:
        return False
    from torch.distributed.fsdp import FSDPModule

    return isinstance(model, FSDPModule)


def optimizer_state(model: Any, optimizer: Any) -> dict[str, Any]:
    """As `optimizer.state_dict()` would be in one process; on rank 0 alone."""
    told: dict[str, Any] = get_optimizer_state_dict(model, optimizer, options=WHOLE)
    if not told:
        return {}
    names = [name for group in told["param_groups"] for name in group["params"]]
    number = {name: place for place, name in enumerate(names)}
    return {
        "state": {number[name]: state for name, state in told["state"].items()},
        "param_groups": [
            {**group, "params": [number[name] for name in group["params"]]}
            for group in told["param_groups"]
        ],
    }


def restore_optimizer(model: Any, optimizer: Any, state: dict[str, Any]) -> None:
    """`state` as one process writes it, on rank 0; the others get theirs from there."""
    names = _names(model, optimizer)
    options = StateDictOptions(full_state_dict=True, broadcast_from_rank0=True)
    told: dict[str, Any] = {}
    if state:
        told = {
            "state": {names[place]: value for place, value in state["state"].items()},
            "param_groups": [
                {**group, "params": [names[place] for place in group["params"]]}
                for group in state["param_groups"]
            ],
        }
    set_optimizer_state_dict(model, optimizer, told, options=options)


def _tied(model: Any) -> dict[str, str]:
    """The second name of each weight that has two, and its first."""
    once = {id(weight): name for name, weight in model.named_parameters()}
    every = model.named_parameters(remove_duplicate=False)
    return {name: once[id(weight)] for name, weight in every if name != once[id(weight)]}


def _names(model: Any, optimizer: Any) -> list[str]:
    """Of the optimizer's parameters, in its order."""
    known = {id(weight): name for name, weight in model.named_parameters()}
    return [known[id(weight)] for group in optimizer.param_groups for weight in group["params"]]


def _inner(optimizer: Any) -> Any:
    """Without accelerate's wrapping."""
    return getattr(optimizer, "optimizer", optimizer)
