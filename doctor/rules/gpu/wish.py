"""What the user asked to train on, beside what the machine has."""

from __future__ import annotations

from qtune.doctor.facts import Facts, GoalKind
from qtune.doctor.finding import Severity

TRAINING: frozenset[GoalKind] = frozenset({"train"})


def wants_no_cuda(facts: Facts) -> bool:
    """Did the user choose another device? Then nothing about NVIDIA's is worth a word."""
    return facts.setting("QTUNE_DEVICE").value in ("cpu", "mps")


def insists(facts: Facts) -> bool:
    """QTUNE_DEVICE=cuda: without a GPU the training fails, instead of being slow."""
    return facts.setting("QTUNE_DEVICE").value == "cuda"


def severity(facts: Facts, otherwise: Severity) -> Severity:
    return Severity.ERROR if insists(facts) else otherwise
