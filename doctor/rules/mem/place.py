"""The GPU that the training would use, and the number format it would compute in."""

from __future__ import annotations

from qtune.doctor.facts import Facts, Gpu, known
from qtune.doctor.rules.gpu.chosen import chosen
from qtune.doctor.rules.gpu.need import asked, dtype

__all__ = ["asked", "dtype", "gpu", "on_cpu"]


def gpu(facts: Facts) -> Gpu | None:
    """None where there is none, where torch cannot use it, or where it cannot be told which one."""
    card = chosen(facts)
    return card if card is not None and 0 < card.memory_free <= card.memory_total else None


def on_cpu(facts: Facts) -> bool:
    """As train.device chooses: told so, or torch sees no GPU where there is none. A GPU that torch fails to
    see is another finding, after which this one would be wrong."""
    wanted = facts.setting("QTUNE_DEVICE").value
    if wanted in ("cpu", "mps"):
        return True
    seen, build = known(facts.accelerator), known(facts.torch)
    if wanted != "auto" or seen is None or build is None or not build.installed or build.error:
        return False
    return not seen.gpus and not seen.pci and not build.available
