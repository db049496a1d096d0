"""The most memory that the training has taken so far."""

from __future__ import annotations

import sys

import torch


def peak() -> int | None:
    """Bytes: of the GPU where one is used, of this process else; None where nobody counts (Windows)."""
    if torch.cuda.is_available() and torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
        return max(torch.cuda.max_memory_reserved(n) for n in range(torch.cuda.device_count()))
    if torch.backends.mps.is_available():
        return int(torch.mps.driver_allocated_memory())
    if sys.platform == "win32":
        return None
    import resource

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024
