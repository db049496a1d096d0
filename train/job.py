"""What the parent asks of the training child: a file that only the user can read, without secrets."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

from qtune.core import runconfig
from qtune.core.runconfig import RunConfig


@dataclass(frozen=True)
class Job:
    """`snapshot` is the folder of the base model (the child builds the quickstart's when absent).

    `base` is what the saved adapter names as its base model: the repo id, or for a local model and
    the quickstart the folder. `device` and `dtype` are QTUNE_DEVICE and QTUNE_DTYPE.
    """

    snapshot: Path
    base: str
    config: RunConfig
    device: str = "auto"
    dtype: str = "auto"


def write(job: Job, path: Path) -> None:
    """`path` must not exist yet."""
    text = json.dumps(
        {
            "snapshot": str(job.snapshot),
            "base": job.base,
            "config": runconfig.resolved(job.config),
            "device": job.device,
            "dtype": job.dtype,
        },
        indent=1,
    )
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)


def read(path: Path) -> Job:
    read = json.loads(path.read_text(encoding="utf-8"))
    return Job(
        snapshot=Path(read["snapshot"]),
        base=read["base"],
        config=runconfig.restore(read["config"]),
        device=read["device"],
        dtype=read["dtype"],
    )
