"""The run directory: one writer at a time, and a record of what is being trained in it.

`record.json` holds a fingerprint of model, data and configuration, so that a rerun resumes the same
training, or refuses to mix two.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from qtune import __version__
from qtune.core.text import Text, plain
from qtune.train import checkpoints, data
from qtune.train.causes import failure
from qtune.train.job import Job
from qtune.train.mishaps import translate

RECORD = "record.json"
METRICS = "metrics.jsonl"
CONFIG = "run.yaml"
DOCTOR = "doctor.json"
LOCK = ".lock"
# A parent that was killed leaves a child that is saving its last checkpoint.
PATIENCE = 30.0
# What a folder holds only when a model was saved into it.
FOREIGN = (
    *("adapter_model.safetensors", "adapter_config.json"),
    *("model.safetensors", "model.safetensors.index.json"),
)
READ_WHOLE = 1 << 24
EDGE = 1 << 20

# What may change between two runs of the same training.
FREE = frozenset(
    (
        *("num_train_epochs", "max_steps", "logging_steps", "logging_strategy"),
        *("logging_first_step", "save_steps", "save_strategy", "save_total_limit"),
        *("dataloader_num_workers", "dataloader_pin_memory", "dataloader_prefetch_factor"),
        *("dataloader_persistent_workers", "activation_checkpointing"),
        *("activation_checkpointing_kwargs", "torch_empty_cache_steps"),
        *("eval_strategy", "eval_steps", "eval_delay", "per_device_eval_batch_size"),
        *("load_best_model_at_end", "metric_for_best_model", "greater_is_better"),
        *("report_to", "run_name", "project"),
    )
)


@dataclass(frozen=True)
class Record:
    """`state` is training or finished; `steps` those done when it finished.

    `about` is what the run was made of and with, for whoever wants to repeat it.
    """

    state: str
    steps: int
    fingerprint: Mapping[str, str]
    about: Mapping[str, object] = field(default_factory=dict)


@contextmanager
def claim(folder: Path, patience: float = PATIENCE) -> Iterator[None]:
    """Hold the run directory; raises TrainError when it is another's, or cannot be written."""
    lock = FileLock(folder / LOCK)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=patience)
    except Timeout:
        raise failure("TRN032", plain(str(folder))) from None
    except OSError as error:
        cannot = failure("TRN024", plain(f"{folder}: {error.strerror}"))
        raise translate(error) or cannot from error
    try:
        yield
    finally:
        lock.release()


def fingerprint(job: Job, dtype: str) -> dict[str, str]:
    """What makes this training this one, part by part, so that a change can be named."""
    config = job.config
    parts = {
        "model": _folder(job.snapshot),
        "data": _files([path for path, _ in data.files(config.data)]),
        "data formats": ", ".join(format_ for _, format_ in data.files(config.data)),
        "method": config.method,
        "tuning": config.tuning,
        "max_length": str(config.max_length),
        "packing": config.packing,
        "enable_thinking": str(config.enable_thinking),
        "number format": dtype,
    }
    if config.eval_share and not config.eval_data:
        parts["eval_share"] = str(config.eval_share)
    if config.streaming and config.method in ("sft", "pt"):
        parts["streaming"] = "True"  # the rows come in another order
    weights = [source.weight for source in config.data]
    if set(weights) != {1.0}:
        parts["data weights"] = ", ".join(f"{weight:g}" for weight in weights)
    for key, value in sorted(config.preference.items()):
        parts[f"preference.{key}"] = json.dumps(value, sort_keys=True)
    for section, values in (("lora", config.lora), ("training", config.training)):
        for key in sorted(values.keys() - FREE):
            parts[f"{section}.{key}"] = json.dumps(values[key], sort_keys=True)
    return parts


def check(folder: Path, now: Mapping[str, str]) -> Record | None:
    """The record of the training to go on with, or None to begin. Raises rather than mixes."""
    record = recorded(folder)
    if record is None:
        found = [name for name in FOREIGN if (folder / name).exists()]
        if found or checkpoints.exist(folder):
            raise failure("TRN031", plain(f"{folder}: {', '.join(found) or 'checkpoint-*'}"))
        return None
    if record.fingerprint == now:
        return record
    if record.state != "finished" and not checkpoints.exist(folder):
        return None  # nothing was learnt yet; the change costs nothing
    changed = [_change(key, record.fingerprint, now) for key in {**record.fingerprint, **now}]
    lines = [text for text in changed if text is not None]
    raise failure(
        "TRN030",
        Text(
            "\n".join([str(folder), *(line.en for line in lines)]),
            "\n".join([str(folder), *(line.zh for line in lines)]),
        ),
    )


def _change(key: str, before: Mapping[str, str], now: Mapping[str, str]) -> Text | None:
    if before.get(key) == now.get(key):
        return None
    if key in ("model", "data"):
        return Text(f"  {key}: other files than before", f"  {key}：文件和之前不一样")
    return plain(f"  {key}: {before.get(key, '-')} -> {now.get(key, '-')}")


def write(folder: Path, record: Record) -> None:
    content = {
        "qtune": __version__,
        "state": record.state,
        "steps": record.steps,
        **record.about,
        "fingerprint": dict(record.fingerprint),
    }
    replace(folder / RECORD, json.dumps(content, indent=1) + "\n")


def recorded(folder: Path) -> Record | None:
    try:
        read = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        known = ("qtune", "state", "steps", "fingerprint")
        about = {key: value for key, value in read.items() if key not in known}
        return Record(str(read["state"]), int(read["steps"]), dict(read["fingerprint"]), about)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def replace(path: Path, text: str) -> None:
    """The new text or the old one, whatever happens meanwhile."""
    temporary = path.with_name(path.name + ".new")
    with temporary.open("w", encoding="utf-8", newline="\n") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def rewind_metrics(folder: Path, step: int) -> None:
    """Drop the lines behind the step that training goes on from, and a torn last one."""
    _keep_metrics(folder, lambda row: row["step"] <= step)


def forget_evaluation(folder: Path, step: int) -> None:
    """Of a step that is evaluated once more: its checkpoint does not know that it was."""
    _keep_metrics(folder, lambda row: row["step"] != step or "eval_loss" not in row)


def _keep_metrics(folder: Path, stays: Callable[[Mapping[str, Any]], bool]) -> None:
    path = folder / METRICS
    kept = []
    if path.is_file():
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            try:
                if stays(json.loads(line)):
                    kept.append(line + "\n")
            except (ValueError, KeyError, TypeError):
                continue
    replace(path, "".join(kept))


def last_loss(folder: Path) -> float | None:
    """Of the last step that was logged, whichever process took it."""
    try:
        text = (folder / METRICS).read_text(encoding="utf-8")
        rows = [json.loads(line) for line in text.splitlines()]
        return next((float(row["loss"]) for row in reversed(rows) if "loss" in row), None)
    except (OSError, ValueError, TypeError):
        return None


def _files(paths: list[Path]) -> str:
    whole = hashlib.sha256()
    for path in paths:
        with path.open("rb") as file:
            whole.update(hashlib.file_digest(file, "sha256").digest())
    return whole.hexdigest()


def _folder(folder: Path) -> str:
    """Names, sizes and bytes of a model's files; of the weights, which are too large, both ends.

    Hidden files are what other programs note beside a model: they come and go.
    """
    whole = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        if path.is_file() and not any(part.startswith(".") for part in name.parts):
            size = path.stat().st_size
            whole.update(f"{name.as_posix()} {size}\n".encode())
            with path.open("rb") as file:
                whole.update(file.read(READ_WHOLE if size < READ_WHOLE else EDGE))
                if size >= READ_WHOLE:
                    file.seek(-EDGE, os.SEEK_END)
                    whole.update(file.read(EDGE))
    return whole.hexdigest()
