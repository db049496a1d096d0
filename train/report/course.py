"""The files of a run directory as plain values. What is missing or torn is left out, never an error."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from qtune.train import samples
from qtune.train.rundir import METRICS, RECORD
from qtune.train.samples import SAMPLES, Sample

Points = Sequence[tuple[float, float]]
_LARGEST = 1 << 26  # bytes of metrics.jsonl that are read


@dataclass(frozen=True)
class Course:
    """`metrics` are the lines of metrics.jsonl, `config` run.yaml, `record` record.json."""

    run: Path
    metrics: tuple[Mapping[str, object], ...] = ()
    config: Mapping[str, object] = field(default_factory=dict)
    record: Mapping[str, object] = field(default_factory=dict)
    samples: tuple[Sample, ...] = ()

    def points(self, key: str) -> Points:
        """(step, value) of every line that has the key."""
        told = []
        for line in self.metrics:
            step, value = number(line.get("step")), number(line.get(key), none=key in line)
            if step is not None and value is not None:
                told.append((step, value))
        return told

    def last(self, key: str) -> float | None:
        return next(
            (value for _, value in reversed(self.points(key)) if math.isfinite(value)), None
        )

    def first(self, key: str) -> float | None:
        return next((value for _, value in self.points(key) if math.isfinite(value)), None)

    def rate(self) -> Points:
        """Tokens a second between two logged steps; a pause between two runs is none of them."""
        told: list[tuple[float, float]] = []
        before: tuple[float, float] | None = None
        for line in self.metrics:
            step, tokens, time = (number(line.get(key)) for key in ("step", "tokens", "time"))
            if step is None or tokens is None or time is None:
                continue
            if before is not None and time > before[0] and tokens > before[1]:
                told.append((step, (tokens - before[1]) / (time - before[0])))
            before = (time, tokens)
        return told


def read(run: Path) -> Course:
    return Course(
        run,
        tuple(_lines(run / METRICS)),
        _table(run / "run.yaml", yaml.safe_load),
        _table(run / RECORD, json.loads),
        tuple(samples.read(run / SAMPLES)),
    )


def number(value: object, *, none: bool = False) -> float | None:
    """`none`: null stands for what was not finite, and is a gap in the curve."""
    if value is None and none:
        return math.nan
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def _lines(path: Path) -> Iterator[Mapping[str, object]]:
    try:
        with path.open("rb") as file:
            raw = file.read(_LARGEST)
    except OSError:
        return
    for line in raw.decode("utf-8", "replace").splitlines():
        try:
            read = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(read, dict):
            yield read


def _table(path: Path, parse: object) -> Mapping[str, object]:
    assert callable(parse)
    try:
        read = parse(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError, yaml.YAMLError):
        return {}
    return read if isinstance(read, dict) else {}
