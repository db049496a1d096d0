"""Writes the report of a run once it has ended, well or not; a report that cannot be written is no failure of it."""

from __future__ import annotations

from pathlib import Path

from qtune.speech import current
from qtune.train.rundir import METRICS


def written(run: Path) -> Path | None:
    """None where nothing was trained, or the folder takes no more."""
    if not (run / METRICS).is_file():
        return None
    from qtune.train import report

    try:
        return report.write(run, current())
    except OSError:
        return None
