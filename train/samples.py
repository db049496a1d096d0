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
    prompt: str
    before: str
    after: str


def write(path: Path, samples: Sequence[Sample]) -> None:
    replace(path, "".join(json.dumps(vars(sample)) + "\n" for sample in samples))
