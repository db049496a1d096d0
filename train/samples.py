"""What the model answers to a few questions of the data, before and after training, as `samples.jsonl` keeps it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from qtune.train.rundir import replace

SAMPLES = "samples.jsonl"


@dataclass(frozen=True)
class Sample:
    """`after` is empty as long as the run is not finished."""

    prompt: str
    before: str
    after: str


def write(path: Path, samples: Sequence[Sample]) -> None:
    lines = [json.dumps(vars(sample), ensure_ascii=False) for sample in samples]
    replace(path, "".join(line + "\n" for line in lines))


def read(path: Path) -> list[Sample]:
    """What is torn or not ours is left out."""
    samples = []
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
    for line in lines:
        try:
            said = json.loads(line)
            texts = [said["prompt"], said["before"], said["after"]]
        except (ValueError, KeyError, TypeError, RecursionError):
            continue
        if all(isinstance(text, str) for text in texts):
            samples.append(Sample(*texts))
    return samples
