"""Qwen3's own sizes: which of them would fit where another model does not."""

from __future__ import annotations

from qtune.core.architecture import Architecture
from qtune.core.fitting import fits
from qtune.core.memory import Dtype, Estimate, estimate
from qtune.core.text import Text
from qtune.core.workload import Workload


def _qwen3(layers: int, hidden: int, inner: int, heads: int, tied: bool) -> Architecture:
    return Architecture("qwen3", layers, hidden, inner, heads, 8, 128, 151_936, tied, qk_norm=True,
                        positions=40_960)  # fmt: skip


# From the config.json of each model; tests/train/test_memory.py counts them with transformers.
QWEN3 = {
    "Qwen/Qwen3-32B": _qwen3(64, 5120, 25600, 64, False),
    "Qwen/Qwen3-14B": _qwen3(40, 5120, 17408, 40, False),
    "Qwen/Qwen3-8B": _qwen3(36, 4096, 12288, 32, False),
    "Qwen/Qwen3-4B": _qwen3(36, 2560, 9728, 32, True),
    "Qwen/Qwen3-1.7B": _qwen3(28, 2048, 6144, 16, True),
    "Qwen/Qwen3-0.6B": _qwen3(28, 1024, 3072, 16, True),
}  # fmt: skip


def smaller(run: Workload, dtype: Dtype, free: int) -> tuple[str, Estimate] | None:
    """The largest Qwen3 that fits with the same run, and what it needs; None where none does."""
    for name, of in QWEN3.items():
        needed = estimate(of, run, dtype)
        if not isinstance(needed, Text) and fits(needed, free) == "fits":
            return name, needed
    return None
