"""Which GPU a training would use, as CUDA counts them."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from qtune.doctor.facts import Accelerator, Facts, Gpu, known
from qtune.doctor.rules.gpu.wish import wants_no_cuda

KEY = "CUDA_VISIBLE_DEVICES"


@dataclass(frozen=True)
class Visible:
    """What CUDA_VISIBLE_DEVICES leaves of the GPUs, in its order.

    `bad` is the entry at which CUDA stops reading; what stands behind it is hidden with it. `behind` is what
    that is. A list that names a GPU twice hides them all, and has that name as `bad`.
    """

    cards: tuple[Gpu, ...]
    bad: str | None = None
    behind: tuple[str, ...] = ()


def visible(value: str | None, seen: Accelerator) -> Visible:
    """As the CUDA driver reads it: up to the first entry that names nothing. Not set: all of them.

    A MIG instance comes as the card it is cut from, with its own name and memory.
    """
    if value is None:
        return Visible(tuple(_whole(gpu) for gpu in seen.gpus))
    entries = [entry.strip() for entry in value.split(",")]
    cards: list[Gpu] = []
    for number, entry in enumerate(entries):
        found = _named(entry, seen.gpus)
        if found is None:
            return Visible(tuple(cards), entry, tuple(entries[number + 1 :]))
        if found in cards:
            return Visible((), entry, tuple(entries))
        cards.append(found)
    return Visible(tuple(cards))


def _named(entry: str, gpus: tuple[Gpu, ...]) -> Gpu | None:
    if entry.startswith("MIG-"):
        return next(
            (
                _cut(gpu, n)
                for gpu in gpus
                for n, part in enumerate(gpu.slices)
                if part.uuid == entry
            ),
            None,
        )
    if entry.startswith("GPU-"):
        # Both are cut to as many digits as the other has; one that fits two cards names none.
        fits = [gpu for gpu in gpus if gpu.uuid and _same(entry, gpu.uuid)]
        return _whole(fits[0]) if len(fits) == 1 else None
    number = re.match(r"\+?[0-9]{1,6}", entry)
    if number is None:
        return None
    return next((_whole(gpu) for gpu in gpus if gpu.index == int(number[0])), None)


def _same(one: str, other: str) -> bool:
    length = min(len(one), len(other))
    return length > len("GPU-") and one[:length].lower() == other[:length].lower()


def _whole(gpu: Gpu) -> Gpu:
    """CUDA takes the first MIG instance of a card that is cut into such."""
    return _cut(gpu, 0) if gpu.mig and gpu.slices else gpu


def _cut(gpu: Gpu, number: int) -> Gpu:
    part = gpu.slices[number]
    return replace(
        gpu,
        name=part.name or gpu.name,
        memory_total=part.memory_total,
        memory_free=part.memory_free,
        slices=(part,),
        holders=(),
    )


def listed(facts: Facts, seen: Accelerator) -> str | None:
    """The CUDA_VISIBLE_DEVICES of the training; None: it is not set."""
    return seen.visible if seen.visible is not None else facts.setting(KEY).value or None


def chosen(facts: Facts) -> Gpu | None:
    """The GPU that the training would use; None where there is none, or it cannot be told which one.

    qtune trains on torch's first device. Torch names it; else it is the first that is visible, where the
    order cannot be another: NVML counts cards by their slot, CUDA the fastest first.
    """
    seen, build = known(facts.accelerator), known(facts.torch)
    if seen is None or wants_no_cuda(facts):
        return None
    if build is not None and build.installed and not build.available:
        return None
    value = listed(facts, seen)
    cards = visible(value, seen).cards
    if build is not None and build.uuids and build.uuids[0]:
        first = build.uuids[0]
        for gpu in seen.gpus:
            if gpu.uuid == first and not gpu.mig:
                return gpu
            for number, part in enumerate(gpu.slices):
                if part.uuid == first:
                    return _cut(gpu, number)
    by_number = value is None or not value.strip().startswith(("GPU-", "MIG-"))
    if by_number and len({gpu.name for gpu in seen.gpus}) > 1:
        name = build.devices[0] if build is not None and build.devices else ""
        return _by_name(tuple(_whole(gpu) for gpu in seen.gpus), name)
    return cards[0] if cards else None


def _by_name(cards: tuple[Gpu, ...], name: str) -> Gpu | None:
    """Cards of several kinds: torch's name for the first may be enough to tell which it is."""
    fits = [card for card in cards if name and card.name == name]
    return fits[0] if len(fits) == 1 else None
