"""Jobs of the engine made by hand: bytes known beforehand, partial files in a folder of the test's own."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from qtune.core.download.engine.job import Job
from qtune.core.download.engine.part import Part
from qtune.core.hub.interface import RepoFile
from qtune.core.sources import Source

HF = Source("huggingface", "https://huggingface.co")


def content(size: int, seed: int = 0) -> bytes:
    return random.Random(seed).randbytes(size)


def listed(data: bytes, path: str = "model.safetensors") -> RepoFile:
    return RepoFile(path, len(data), hashlib.sha256(data).hexdigest(), lfs=True)


def part_of(folder: Path, data: bytes) -> Part:
    file = listed(data)
    return Part(folder / f"{file.sha256}.part", file)


def unwritten(folder: Path, size: int, name: str = "model.safetensors") -> Job:
    """A job whose bytes nobody looks at: its hash is that of nothing."""
    file = RepoFile(name, size, hashlib.sha256(name.encode()).hexdigest(), lfs=True)
    return Job(file, Part(folder / f"{file.sha256}.part", file))


def job_of(folder: Path, data: bytes, path: str = "model.safetensors") -> Job:
    file = listed(data, path)
    return Job(file, Part(folder / f"{file.sha256}.part", file))


def cuts(size: int, count: int, seed: int) -> Sequence[tuple[int, int]]:
    """So many stretches that cover all of it, in any order."""
    chance = random.Random(seed)
    borders = sorted({0, size, *(chance.randrange(size) for _ in range(count - 1))})
    stretches = list(pairwise(borders))
    chance.shuffle(stretches)
    return stretches
