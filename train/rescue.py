"""An error that the machine's limits made, with the very lines to write next: reckoned, not guessed."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import cast

from qtune.core import architecture, fitting
from qtune.core.amounts import gib
from qtune.core.errors import TrainError
from qtune.core.memory import Dtype
from qtune.core.rundefaults import QUICKSTART
from qtune.core.smaller import smaller
from qtune.core.text import Text
from qtune.core.workload import of_run
from qtune.train import batchsize, checkpoints, device, diskroom
from qtune.train.job import Job
from qtune.train.mishaps import translate

BEGUN = Text(
    "  (This run has checkpoints: all but activation_checkpointing needs another output_dir.)",
    "  （这次训练已有检查点：除了 activation_checkpointing，其他改动都要换一个 output_dir。）",
)
MICRO = "per_device_train_batch_size"
CHECKPOINTING = Text(
    "training: {activation_checkpointing: true} (about a third slower)",
    "training: {activation_checkpointing: true}（约慢三分之一）",
)


def explained(error: BaseException, job: Job) -> TrainError | None:
    """The error of the catalogue that this is, with what it takes; None for a bug."""
    known = translate(error)
    if known is None or known is error:
        return known
    if known.code == "TRN022":
        return _with(known, fix=_lighter(job))
    if known.code == "TRN023":
        return _with(known, more=diskroom.state(job.config.output_dir))
    return known


def _with(known: TrainError, more: Text | None = None, fix: Text | None = None) -> TrainError:
    message = known.message
    if more is not None:
        message = Text(f"{message.en}\n{more.en}", f"{message.zh}\n{more.zh}")
    return TrainError(known.code, message, fix or known.fix)


def _lighter(job: Job) -> Text | None:
    """What to write in the run config, the least harmful first; None where it cannot be reckoned."""
    try:
        placement = device.choose(job.device, job.dtype)
        config = json.loads((job.snapshot / "config.json").read_text(encoding="utf-8"))
    except (TrainError, OSError, ValueError):
        return None
    of = architecture.read(config)
    if isinstance(of, Text):
        return None
    dtype = cast(Dtype, str(placement.dtype).removeprefix("torch."))
    room = batchsize.memory(placement.device)
    training = job.config.training
    if job.config.method in ("sft", "pt") or not isinstance(training[MICRO], int):
        # A step is cut into single rows before memory is given up: fewer in a batch change nothing.
        training = {**training, MICRO: 1}
    run = of_run(replace(job.config, training=training))
    run = replace(run, coarse=job.dtype == "bfloat16")
    changes = [change.what for change in fitting.advice(of, run, dtype, room)]
    if not changes and not run.checkpointing:
        changes.append(CHECKPOINTING)
    if run.max_length > fitting.SHORT and not any("max_length" in each.en for each in changes):
        # The reckoning says it should have fitted; the machine has said that it does not.
        half = max(run.max_length // 2, fitting.SHORT)
        changes.append(
            Text(
                f"max_length: {half} (longer rows are cut)",
                f"max_length: {half}（更长的数据会被截断）",
            )
        )
    if job.config.model != QUICKSTART and (other := smaller(run, dtype, room)) is not None:
        name, needed = other
        if needed.parameters < architecture.parameters(of):
            has = gib(needed.total)
            changes.append(Text(f"model: {name} ({has})", f"model: {name}（{has}）"))
    if not changes:
        return None
    en = "\n".join(f"  {change.en}" for change in changes)
    zh = "\n".join(f"  {change.zh}" for change in changes)
    if checkpoints.exist(job.config.output_dir):
        en, zh = f"{en}\n{BEGUN.en}", f"{zh}\n{BEGUN.zh}"
    return Text(
        f"Write in the run config, one after another until it fits ({gib(room)} in all), and run the "
        f"same command again:\n{en}",
        f"请在训练配置里依次加上下面的行，直到放得下为止（总共 {gib(room)}），再运行同样的命令：\n{zh}",
    )
