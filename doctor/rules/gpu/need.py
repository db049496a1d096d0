"""How much of a GPU's memory the training would take, where that can be told."""

from __future__ import annotations

from dataclasses import replace

from qtune.core.memory import SIZE, Dtype, Estimate, estimate
from qtune.core.workload import Workload
from qtune.doctor.facts import Facts, Gpu
from qtune.doctor.rules.gpu.wheels import AMPERE, number
from qtune.doctor.rules.hub.serving import listing


def dtype(facts: Facts, card: Gpu) -> Dtype | None:
    """QTUNE_DTYPE, or what `auto` makes of the card; None where its age is not known."""
    wanted = facts.setting("QTUNE_DTYPE").value
    if wanted in SIZE:
        return wanted
    if not number(card.capability):
        return None
    return "bfloat16" if number(card.capability) >= AMPERE else "float32"


def asked(facts: Facts) -> Workload:
    """What the run asks of the memory, in the number format that the settings say."""
    run = facts.goal.training or Workload()
    return replace(run, coarse=True) if facts.setting("QTUNE_DTYPE").value in SIZE else run


def needed(facts: Facts, card: Gpu) -> Estimate | None:
    found, chosen = listing(facts), dtype(facts, card)
    if found is None or found.architecture is None or chosen is None:
        return None
    told = estimate(found.architecture, asked(facts), chosen)
    return told if isinstance(told, Estimate) else None
