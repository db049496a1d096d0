"""Does a run fit into a GPU's free memory, and if not, what to change: the least harmful change first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from qtune.core.architecture import Architecture
from qtune.core.memory import Dtype, Estimate, estimate
from qtune.core.text import Text
from qtune.core.workload import Workload

Fit = Literal["fits", "tight", "too large"]

# The goal for the estimate's own error, docs/memory.md.
MARGIN = 0.10
SHORT = 256  # tokens: rows of a chat are seldom all shorter
_STEP = 256


@dataclass(frozen=True)
class Change:
    """What to write differently, and what the run needs then, with all changes before it."""

    what: Text
    run: Workload
    estimate: Estimate
    fit: Fit


def fits(needed: Estimate, free: int) -> Fit:
    """Against `free` bytes; tight is within the error that the estimate may have, on either side."""
    if needed.total > free * (1 + MARGIN):
        return "too large"
    return "tight" if needed.total > free * (1 - MARGIN) else "fits"


def advice(of: Architecture, run: Workload, dtype: Dtype, free: int) -> tuple[Change, ...]:
    """Changes to make one after another until it fits; all there are when it never does."""
    changes: list[Change] = []
    for what, changed in _changes(of, run, dtype, free):
        needed = estimate(of, changed, dtype)
        if isinstance(needed, Text):
            continue
        changes.append(Change(what, changed, needed, fits(needed, free)))
        if changes[-1].fit == "fits":
            break
    return tuple(changes)


def _changes(
    of: Architecture, run: Workload, dtype: Dtype, free: int
) -> Iterator[tuple[Text, Workload]]:
    if run.batch > 1:
        steps = run.batch * run.accumulation
        run = replace(run, batch=1, accumulation=steps)
        said = f"training: {{per_device_train_batch_size: 1, gradient_accumulation_steps: {steps}}}"
        yield Text(f"{said} (the same effective batch)", f"{said}（有效批大小不变）"), run
    if not run.checkpointing:
        run = replace(run, checkpointing=True)
        said = "training: {activation_checkpointing: true}"
        yield Text(f"{said} (about a third slower)", f"{said}（约慢三分之一）"), run
    length = longest(of, run, dtype, free)
    if length is not None and length < run.max_length:
        shorter = replace(run, max_length=length)
        said = f"max_length: {length}"
        yield Text(f"{said} (longer rows are cut)", f"{said}（更长的数据会被截断）"), shorter
        return
    if run.tuning in ("lora", "dora"):
        four = replace(run, tuning="qlora")
        most = min(longest(of, four, dtype, free) or SHORT, run.max_length)
        en, zh = "tuning: qlora (4-bit weights)", "tuning: qlora（4 位权重）"
        if most < run.max_length:
            en, zh = f"{en} with max_length: {most}", f"{zh}，并设 max_length: {most}"
        yield Text(en, zh), replace(four, max_length=most)
    elif run.tuning == "full":
        adapter = replace(run, tuning="lora")
        yield Text("tuning: lora", "tuning: lora"), adapter


def longest(of: Architecture, run: Workload, dtype: Dtype, free: int) -> int | None:
    """The longest max_length that fits, in steps of 256 tokens; None where not even 256 do."""
    low, high = 0, max(run.max_length // _STEP, 1)
    while low < high:
        middle = (low + high + 1) // 2
        needed = estimate(of, replace(run, max_length=middle * _STEP), dtype)
        if not isinstance(needed, Text) and fits(needed, free) == "fits":
            low = middle
        else:
            high = middle - 1
    return low * _STEP or None


def largest_batch(of: Architecture, run: Workload, dtype: Dtype, free: int, most: int) -> int:
    """The most rows of max_length at once, up to `most`, that surely fit into `free` bytes; 0: not even one."""
    low, high = 0, most
    while low < high:
        middle = (low + high + 1) // 2
        needed = estimate(of, replace(run, batch=middle), dtype)
        if not isinstance(needed, Text) and fits(needed, free) == "fits":
            low = middle
        else:
            high = middle - 1
    return low
