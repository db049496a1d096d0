"""The error that ends a training whose loss is no loss: where, with which rows, what is left, what to try."""

from __future__ import annotations

import shlex
from typing import Any

from qtune.core.errors import TrainError
from qtune.core.text import Text, plain
from qtune.train import checkpoints, health
from qtune.train.causes import failure

SHOWN = 16  # rows of a bad batch that are named


def error(
    trainer: Any, code: str, steps: int, place: int | None, evaluating: bool = False
) -> TrainError:
    """Behind `steps` steps; `place` of the micro-batch in the next one, None for all of it.

    `evaluating`: it was the evaluation after that next one, in which no row of the training had a part.
    """
    last = checkpoints.newest(trainer.run_dir)
    good = plain(last) if last else Text("none", "无")
    rows = _listed([] if evaluating else health.rows(trainer, steps, place))
    where = Text(f"step {steps + 1}", f"第 {steps + 1} 步")
    if evaluating:
        where = Text(f"the evaluation after {where.en}", f"{where.zh}之后的评估")
    return failure(
        code,
        Text(
            f"Stopped at {where.en}. Last good checkpoint: {good.en}.{rows.en}",
            f"已在{where.zh}停止。最后一个好的检查点：{good.zh}。{rows.zh}",
        ),
        _next(trainer, code),
    )


def _listed(rows: list[str]) -> Text:
    if not rows:
        return plain("")
    listed = "\n".join(f"  {row}" for row in rows[:SHOWN])
    more = len(rows) - SHOWN
    return Text(
        f"\nRows of that batch:\n{listed}" + (f"\n  … and {more} more" if more > 0 else ""),
        f"\n该批次的数据：\n{listed}" + (f"\n  …… 还有 {more} 条" if more > 0 else ""),
    )


def _next(trainer: Any, code: str) -> Text:
    """The command to try: another run of the same config, which this one stays beside."""
    run, other = shlex.quote(str(trainer.run_dir)), shlex.quote(f"{trainer.run_dir}-2")
    if code == "TRN021":
        command = f"QTUNE_DTYPE=float32 qtune run {run} output_dir={other}"
        why = Text("to see whether the number format is the cause", "看看是不是数值格式的问题")
    else:
        rate = f"{trainer.args.learning_rate / 5:.2g}"
        command = f"qtune run {run} training.learning_rate={rate} output_dir={other}"
        why = Text(
            "with a fifth of the learning rate, if the rows are as they should be; and in .env "
            "QTUNE_DTYPE=auto rather than float16",
            "数据没有问题的话，把学习率降到五分之一；并在 .env 里用 QTUNE_DTYPE=auto 代替 float16",
        )
    return Text(f"{command}\n  ({why.en})", f"{command}\n  （{why.zh}）")
