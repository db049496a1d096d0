"""The rows of a profile: medians, and each wall time as a multiple of huggingface_hub's in the same run."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

BASE = "huggingface_hub"
HEAD = (
    "| profile | client | wall s | x huggingface_hub | first byte s | CPU s | peak MB | served x "
    "| compares |\n|---|---|---|---|---|---|---|---|---|"
)


@dataclass(frozen=True)
class Sample:
    """One round of one client."""

    wall: float  # seconds
    cpu: float  # seconds
    rss: float  # MB
    served: float  # bytes of bodies sent, as a multiple of what the model has
    first: float | None  # seconds from the start of the process to the first byte of a body


@dataclass(frozen=True)
class Row:
    peer: str
    verifies: str
    samples: Sequence[Sample]
    failure: str | None = None  # why a round did not end in the right files; then no number counts


def rows(profile: str, measured: Sequence[Row]) -> list[str]:
    walls = {row.peer: median(row, "wall") for row in measured if row.failure is None}
    return [_row(profile, row, walls) for row in measured]


def _row(profile: str, row: Row, walls: Mapping[str, float]) -> str:
    if row.failure is not None:
        return f"| {profile} | {row.peer} | {row.failure} | | | | | | {row.verifies} |"
    wall = walls[row.peer]
    ratio = f"{wall / walls[BASE]:.2f}" if BASE in walls else ""
    cells = (
        profile,
        row.peer,
        f"{wall:.2f}",
        ratio,
        f"{median(row, 'first'):.2f}",
        f"{median(row, 'cpu'):.2f}",
        f"{median(row, 'rss'):.0f}",
        f"{median(row, 'served'):.2f}",
        row.verifies,
    )
    return f"| {' | '.join(cells)} |"


def median(row: Row, what: str) -> float:
    """nan where no round had such a number."""
    found = [value for sample in row.samples if (value := getattr(sample, what)) is not None]
    return float(statistics.median(found)) if found else float("nan")
