"""The GPU that the training would use, and the number format it would compute in."""

from __future__ import annotations

from qtune.doctor.facts import Facts, Gpu
from qtune.doctor.rules.gpu.chosen import chosen
from qtune.doctor.rules.gpu.need import dtype

__all__ = ["dtype", "gpu"]


def gpu(facts: Facts) -> Gpu | None:
    """None where there is none, where torch cannot use it, or where it cannot be told which one."""
    card = chosen(facts)
    return card if card is not None and 0 < card.memory_free <= card.memory_total else None
