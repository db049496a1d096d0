"""How many tokens a micro-batch may hold: what the config says, what fits, and less after memory ran out."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from qtune.core.architecture import Architecture
from qtune.core.architecture import read as architecture
from qtune.core.cgroups import memory_limit
from qtune.core.memory import Dtype, estimate
from qtune.core.runconfig import RunConfig
from qtune.core.text import Text
from qtune.core.workload import of_run
from qtune.train.loss import unwrapped

if TYPE_CHECKING:
    from qtune.train.batches.micro import Step

AUTO = "auto"
KEPT = "micro-batches.json"
SHARE = 0.9  # of the memory that is there; the rest is for what no arithmetic sees


@dataclass
class Room:
    """`tokens` that a micro-batch may hold, padding included; an example alone may be longer."""

    tokens: int

    def shrink(self, error: BaseException, step: Step) -> bool:
        """Halve what the failed step was cut into; False where it is another error, or one example alone."""
        longest = max(len(each.ids) for each in step.examples)
        held = min(self.tokens, step.tokens)
        if not is_out_of_memory(error) or held <= longest:
            return False
        self.tokens = max(held // 2, longest)
        return True

    def text(self) -> Text:
        return Text(
            f"out of memory: micro-batches of at most {self.tokens} tokens from now on; "
            "the effective batch and the order of the data stay, and no finished step is repeated",
            f"显存（内存）不足：此后每个微批次最多 {self.tokens} 个词元；有效批大小和数据顺序不变，已完成的步不重做",
        )

    def write(self, folder: Path) -> None:
        """Beside a checkpoint: a resumed run cuts its steps as this one did, to the last bit."""
        (folder / KEPT).write_text(json.dumps({"tokens": self.tokens}) + "\n", encoding="utf-8")


def kept(checkpoint: object) -> Room | None:
    """What the run that wrote the checkpoint had come to."""
    try:
        text = (Path(str(checkpoint)) / KEPT).read_text(encoding="utf-8")
        return Room(int(json.loads(text)["tokens"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def is_out_of_memory(error: BaseException) -> bool:
    """On a GPU torch has a class for it, on the CPU only a sentence."""
    return isinstance(error, (torch.OutOfMemoryError, MemoryError)) or (
        isinstance(error, RuntimeError) and "can't allocate memory" in str(error)
    )


def effective(training: Mapping[str, object]) -> int:
    """Examples behind one optimizer step, on one device: with auto, the accumulation steps alone."""
    rows = training["per_device_train_batch_size"]
    return (1 if rows == AUTO else int(str(rows))) * int(
        str(training["gradient_accumulation_steps"])
    )


def room(
    config: RunConfig, model: Any, device: str, longest: int, available: int | None = None
) -> tuple[Room, Text]:
    """As many tokens as per_device_train_batch_size rows of max_length have, or with auto what fits.

    `longest` is the longest example; `available` the bytes of the device, measured where it is None.
    """
    rows = config.training["per_device_train_batch_size"]
    whole = effective(config.training)
    if rows != AUTO:
        tokens = int(str(rows)) * config.max_length
        return Room(tokens), Text(
            f"micro-batches of at most {tokens} tokens: {rows} × max_length",
            f"每个微批次最多 {tokens} 个词元：{rows} × max_length",
        )
    available = memory(device) if available is None else available
    fits = _fitting(config, model, longest, whole, available)
    if isinstance(fits, Text):
        return Room(longest), Text(
            f"micro-batches of one example ({longest} tokens): {fits.en}",
            f"每个微批次一个样本（{longest} 个词元）：{fits.zh}",
        )
    tokens = fits * longest
    gigabytes = available / 1e9
    return Room(tokens), Text(
        f"micro-batches of at most {tokens} tokens: {fits} of the longest examples fit into "
        f"{gigabytes:.1f} GB by reckoning",
        f"每个微批次最多 {tokens} 个词元：按估算，{gigabytes:.1f} GB 放得下 {fits} 个最长的样本",
    )


def _fitting(config: RunConfig, model: Any, longest: int, whole: int, available: int) -> int | Text:
    """The most examples of the longest kind, up to a whole step, whose step fits."""
    inner = unwrapped(model)
    of = architecture(inner.config.to_dict())
    if not isinstance(of, Architecture):
        return of
    dtype: Dtype = str(inner.dtype).removeprefix("torch.")  # type: ignore[assignment]
    fixed = replace(config, training={**config.training, "per_device_train_batch_size": 1})
    # What the arithmetic does not follow changes a few weights; a micro-batch is its activations.
    work = replace(of_run(fixed), max_length=longest, accumulation=2, unfollowed="")
    best = 0
    for rows in range(1, whole + 1):
        needed = estimate(of, replace(work, batch=rows), dtype)
        if isinstance(needed, Text):
            return needed
        if needed.total > SHARE * available:
            break
        best = rows
    return best or Text("by reckoning not even that fits", "按估算连一个也放不下")


def memory(device: str) -> int:
    """Bytes of the device that this process has or could have."""
    if device == "cuda":
        free, _ = torch.cuda.mem_get_info()
        return int(free + torch.cuda.memory_reserved())
    if device == "mps":
        return int(torch.mps.recommended_max_memory())
    return memory_limit() or _physical()


def _physical() -> int:
    try:
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return 4 << 30
