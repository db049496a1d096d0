"""Whether the disk will hold what a training writes: asked before the first step, in numbers."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qtune.core.amounts import size
from qtune.core.errors import TrainError
from qtune.core.runconfig import RunConfig
from qtune.core.text import Text
from qtune.train import checkpoints
from qtune.train.causes import failure
from qtune.train.plan import Plan

# Bytes of optimizer states for a trained number of 4 bytes, by what is in the optimizer's name.
_STATES = (("8bit", 2), ("4bit", 1), ("adafactor", 1), ("sgd", 4), ("lomo", 0), ("lion", 4))
_ADAM = 8
_REST = 1 << 20  # random states, trainer's state, configs: small, and never exactly the same


@dataclass(frozen=True)
class Need:
    """Bytes. `checkpoint` is one of them, `kept` how many lie there at once, `result` the final model."""

    checkpoint: int
    kept: int
    result: int

    @property
    def total(self) -> int:
        return self.checkpoint * self.kept + self.result


def need(config: RunConfig, model: Any, tokenizer: Path, plan: Plan, element: int) -> Need:
    """`element` is the size of a published number of a whole model; an adapter is published as it is."""
    parameters = list(model.parameters())
    learnt = [p for p in parameters if p.requires_grad]
    whole = config.tuning == "full"
    saved = parameters if whole else learnt
    name = str(config.training.get("optim", "adamw"))
    states = next((count for word, count in _STATES if word in name), _ADAM)
    files = _tokenizer(tokenizer)
    weights = sum(p.numel() * p.element_size() for p in saved)
    result = sum(p.numel() for p in saved) * element if whole else weights
    one = weights + states * sum(p.numel() for p in learnt) + files + _REST
    # A new one is whole before the oldest goes; the best stays besides.
    best = bool(config.training.get("load_best_model_at_end"))
    limit = config.training.get("save_total_limit")
    more = 1 if isinstance(limit, int) else 0
    return Need(one, plan.checkpoints + (more + best if plan.checkpoints else 0), result + files)


def check(run: Path, needed: Need) -> None:
    """Raises TrainError when it cannot be enough; what an earlier run left there counts as used again."""
    there = sum(_weight(folder) for folder in run.glob("checkpoint-*") if folder.is_dir())
    free = shutil.disk_usage(run).free
    if needed.total - there > free:
        raise _refused(run, needed, there, free)


def _refused(run: Path, needed: Need, there: int, free: int) -> TrainError:
    lacking = size(needed.total - there - free)
    fewer = needed.checkpoint * min(needed.kept, 2) + needed.result - there
    line = Text("", "")
    if needed.kept > 2 and fewer <= free:
        line = Text(
            "Write training: {save_total_limit: 1}: two checkpoints at most lie there at once. Or name an "
            "output_dir on a larger disk.",
            "请写 training: {save_total_limit: 1}：同时最多只有两个检查点。或把 output_dir 放到更大的磁盘上。",
        )
    return failure(
        "TRN074",
        Text(
            f"{needed.kept} checkpoints of {size(needed.checkpoint)} at once and a result of "
            f"{size(needed.result)}: {size(needed.total)}. The disk of {run} has {size(free)} free: "
            f"{lacking} too few.",
            f"同时最多 {needed.kept} 个检查点（每个 {size(needed.checkpoint)}），加上最终结果 "
            f"{size(needed.result)}，共 {size(needed.total)}。{run} 所在磁盘剩余 {size(free)}，"
            f"还差 {lacking}。",
        ),
        line if line.en else None,
    )


def state(run: Path) -> Text:
    """How full the disk is, for an error that came late."""
    try:
        free = size(shutil.disk_usage(run).free)
    except OSError:
        return Text(str(run), str(run))
    last = checkpoints.newest(run)
    good = Text(last or "none", last or "无")
    return Text(
        f"The disk of {run} has {free} free. Last good checkpoint: {good.en}.",
        f"{run} 所在磁盘剩余 {free}。最后一个好的检查点：{good.zh}。",
    )


def _tokenizer(snapshot: Path) -> int:
    names = ("tokenizer.json", "tokenizer.model", "vocab.json", "merges.txt", "chat_template.jinja")
    return sum((snapshot / name).stat().st_size for name in names if (snapshot / name).is_file())


def _weight(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
