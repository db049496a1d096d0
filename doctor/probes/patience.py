"""How long each stage of a road may take."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Patience:
    """Seconds for each stage, and for all of them: a probe's own deadline lies a little beyond."""

    dns: float = 3.0
    tcp: float = 3.0
    connect: float = 4.0
    tls: float = 4.0
    http: float = 5.0
    total: float = 7.5


PATIENCE = Patience()
_REPORTING = 0.2  # seconds, to be told in time


def in_time(ends: float, patience: Patience = PATIENCE) -> Patience:
    """No more than is left until `ends` (of time.monotonic()): then the stage is named that took it."""
    left = ends - time.monotonic() - _REPORTING
    return replace(patience, total=max(0.1, min(patience.total, left)))
