"""What can happen to a training, arranged in the process that will train."""

from __future__ import annotations

import shutil
from typing import Any, NamedTuple


class _Usage(NamedTuple):
    total: int
    used: int
    free: int


def little_disk(free: str) -> None:
    """The disk has so many bytes free."""
    disk: Any = shutil
    disk.disk_usage = lambda path: _Usage(1 << 40, 0, int(free))


def full_behind_the_first_checkpoint(largest: str) -> None:
    """From then on no file may grow beyond so many bytes: the system's own limit, and its own error."""
    import resource

    from qtune.train.watch import Watch

    real = Watch.on_save

    def on_save(*given: Any, **named: Any) -> None:
        real(*given, **named)
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(largest), resource.RLIM_INFINITY))

    Watch.on_save = on_save  # type: ignore[method-assign]


def spoilt_by(token: str) -> None:
    """The loss is no number for whoever sees this token, as a broken row or a broken kernel makes it."""
    _spoil(token, training=True)


def spoilt_in_evaluation_by(token: str) -> None:
    _spoil(token, training=False)


def _spoil(token: str, *, training: bool) -> None:
    from qtune.train.trainer import SafeTrainer

    real: Any = SafeTrainer.compute_loss

    def compute_loss(self: Any, model: Any, inputs: Any, *rest: Any, **named: Any) -> Any:
        found = real(self, model, inputs, *rest, **named)
        bad = self.processing_class.convert_tokens_to_ids(token)
        is_bad = bool((inputs["input_ids"] == bad).any())
        return found * float("nan") if is_bad and self.model.training == training else found

    SafeTrainer.compute_loss = compute_loss  # type: ignore[method-assign]


def nothing_is_lost(from_step: str) -> None:
    """The loss is exactly 0 from a step on, as float16 makes it where every difference is too small for it."""
    from qtune.train.trainer import SafeTrainer

    real: Any = SafeTrainer.compute_loss

    def compute_loss(self: Any, *given: Any, **named: Any) -> Any:
        found = real(self, *given, **named)
        return found * 0 if self.state.global_step + 1 >= int(from_step) else found

    SafeTrainer.compute_loss = compute_loss  # type: ignore[method-assign]


def gradients_overflow(at_step: str) -> None:
    """The loss stays fine, the gradients' norm does not: float16, or long rows on a quantized base."""
    from accelerate import Accelerator  # type: ignore[import-untyped]

    real = Accelerator.clip_grad_norm_
    calls = 0

    def clip(*given: Any, **named: Any) -> Any:
        nonlocal calls
        calls += 1
        norm = real(*given, **named)
        return norm * float("nan") if calls == int(at_step) else norm

    Accelerator.clip_grad_norm_ = clip


def no_memory(at_step: str) -> None:
    """What torch says when an allocation fails, whatever the size of the micro-batch."""
    import torch

    from qtune.train.trainer import SafeTrainer

    real = SafeTrainer.compute_loss

    def compute_loss(self: Any, *given: Any, **named: Any) -> Any:
        if self.state.global_step + 1 >= int(at_step):
            torch.empty(1 << 50, dtype=torch.float32)
        return real(self, *given, **named)

    SafeTrainer.compute_loss = compute_loss  # type: ignore[method-assign]


def evaluation_holds(rows: str) -> None:
    """The memory is enough for so many rows of an evaluation, and for any of a training."""
    import torch

    from qtune.train.trainer import SafeTrainer

    real: Any = SafeTrainer.compute_loss

    def compute_loss(self: Any, model: Any, inputs: Any, *rest: Any, **named: Any) -> Any:
        if not self.model.training and len(inputs["labels"]) > int(rows):
            torch.empty(1 << 50, dtype=torch.float32)
        return real(self, model, inputs, *rest, **named)

    SafeTrainer.compute_loss = compute_loss  # type: ignore[method-assign]
