"""The rows of a profile: medians, and each wall time as a multiple of huggingface_hub's in the same run."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

BASE = "huggingface_hub"
HEAD = (
    "| profile | client | wall s | x huggingface_hub | CPU s | peak MB | served x | compares |\n"
    "|---|---|---|---|---|---|---|---|"
)


@dataclass(frozen=True)
class Sample:
    """One round of one client."""

    wall: float  # seconds
    cpu: float  # seconds
    rss: float  # MB
    served: float  # bytes of large files sent, as a multiple of what the model has


@dataclass(frozen=True)
class Row:
    peer: str
    verifies: str
    samples: Sequence[Sample]
    failure: str | None = None  # why a round did not end in the right files; then no number counts


def rows(profile: str, measured: Sequence[Row]) -> list[str]:
    walls = {row.peer: _median(row, "wall") for row in measured if row.failure is None}
    return [_row(profile, row, walls) for row in measured]


def _row(profile: str, row: Row, walls: Mapping[str, float]) -> str:
    if row.failure is not None:
        return f"| {profile} | {row.peer} | {row.failure} | | | | | {row.verifies} |"
    wall = walls[row.peer]
    ratio = f"{wall / walls[BASE]:.2f}" if BASE in walls else ""
    cells = (
        profile,
        row.peer,
        f"{wall:.2f}",
        ratio,
        f"{_median(row, 'cpu'):.2f}",
        f"{_median(row, 'rss'):.0f}",
        f"{_median(row, 'served'):.2f}",
        row.verifies,
    )
    return f"| {' | '.join(cells)} |"


def _median(row: Row, what: str) -> float:
    return float(statistics.median(getattr(sample, what) for sample in row.samples))
