"""The GPU that the training would use, and the number format it would compute in."""

from __future__ import annotations

from qtune.core.memory import SIZE, Dtype
from qtune.doctor.facts import Facts, Gpu, known
from qtune.doctor.rules.gpu.wish import wants_no_cuda

_AMPERE = 8.0  # compute capability from which on bfloat16 is real, as in train.device


def gpu(facts: Facts) -> Gpu | None:
    """None where there is none, where torch cannot use it, or where it cannot be told which one."""
    seen, build = known(facts.accelerator), known(facts.torch)
    if seen is None or wants_no_cuda(facts):
        return None
    if build is not None and build.installed and not build.available:
        return None
    gpus = [each for each in seen.gpus if 0 < each.memory_free <= each.memory_total]
    visible = facts.setting("CUDA_VISIBLE_DEVICES").value.strip()
    if visible:
        first = visible.partition(",")[0].strip()
        return next((each for each in gpus if str(each.index) == first), None)
    if len(gpus) != len(seen.gpus) or not gpus:
        return None
    if len({each.name for each in gpus}) > 1:  # CUDA puts the fastest first, which is not said here
        return None
    return gpus[0]


def dtype(facts: Facts, card: Gpu) -> Dtype | None:
    """QTUNE_DTYPE, or what `auto` makes of the card; None where its age is not known."""
    wanted = facts.setting("QTUNE_DTYPE").value
    if wanted in SIZE:
        return wanted
    try:
        real = float(card.capability) >= _AMPERE
    except ValueError:
        return None
    return "bfloat16" if real else "float32"
