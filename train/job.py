"""What the parent asks of the training child: a file that only the user can read, without secrets."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from qtune.core import runconfig
from qtune.core.runconfig import DataSource, RunConfig

NAME = "job.json"  # in the folder of its child


@dataclass(frozen=True)
class Job:
    """`snapshot` is the folder of the base model (the child builds the quickstart's when absent).

    `base` is what the saved adapter names as its base model: the repo id, or for a local model and
    the quickstart the folder. `device` and `dtype` are QTUNE_DEVICE and QTUNE_DTYPE. `doctor` is what the
    doctor found before the run, as the JSON that goes into its record; "" where it was not asked.
    """

    snapshot: Path
    base: str
    config: RunConfig
    device: str = "auto"
    dtype: str = "auto"
    doctor: str = ""


def write(job: Job, path: Path) -> None:
    """`path` must not exist yet."""
    text = json.dumps(
        {
            "snapshot": str(job.snapshot),
            "base": job.base,
            "config": runconfig.resolved(job.config),
            "places": {
                "data": [str(source.path) for source in job.config.data],
                "eval_data": [str(source.path) for source in job.config.eval_data],
            },
            "device": job.device,
            "dtype": job.dtype,
            "doctor": job.doctor,
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
        config=_placed(runconfig.restore(read["config"]), read["places"]),
        device=read["device"],
        dtype=read["dtype"],
        doctor=read.get("doctor", ""),
    )


def _placed(config: RunConfig, places: Mapping[str, Sequence[str]]) -> RunConfig:
    """A config names a dataset repository by its id alone; here it lies in a folder."""

    def each(sources: Sequence[DataSource], paths: Sequence[str]) -> tuple[DataSource, ...]:
        return tuple(
            replace(source, path=Path(path)) for source, path in zip(sources, paths, strict=True)
        )

    return replace(
        config,
        data=each(config.data, places["data"]),
        eval_data=each(config.eval_data, places["eval_data"]),
    )
