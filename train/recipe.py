"""From a job to a run directory: the recipe, top to bottom."""

from __future__ import annotations

import shutil
from dataclasses import replace
from typing import Any

import torch
import yaml
from transformers.utils import logging as transformers_logging

from qtune.core import runconfig
from qtune.core.errors import TrainError
from qtune.core.text import Text
from qtune.train import (
    answers,
    checkpoints,
    device,
    diskroom,
    distributed,
    methods,
    product,
    provenance,
    reporting,
    rescue,
    rundir,
    tuning,
)
from qtune.train.causes import failure
from qtune.train.checkpoints import Found
from qtune.train.data import Rows
from qtune.train.device import Placement
from qtune.train.events import Done, Log, Say
from qtune.train.job import Job
from qtune.train.loading import load_model, load_tokenizer, prepare_quickstart
from qtune.train.methods import Method, Parts
from qtune.train.plan import Plan, plan
from qtune.train.rundir import Record
from qtune.train.shares import shares
from qtune.train.stop import Stop
from qtune.train.stream import first, streams
from qtune.train.texts import ending
from qtune.train.trainer import Safe
from qtune.train.watch import Watch


def train(job: Job, say: Say, stop: Stop) -> None:
    """Raises TrainError for what the user can mend, Interrupted when asked to stop."""
    _quiet(transformers_logging)
    ranks = distributed.join(job.device, say)
    stop.agree = ranks.loudest if ranks.size > 1 else None
    with ranks.claim(job.config.output_dir):
        try:
            _train(job, say, stop)
        except Exception as error:
            known = rescue.explained(error, job)
            if known is None or known is error:
                raise
            raise known from error
    distributed.leave()


def _train(job: Job, say: Say, stop: Stop) -> None:
    run = job.config.output_dir
    ranks = distributed.here()
    placement = device.choose(job.device, job.dtype)
    threads = device.limit_threads()
    for reason in (*placement.reasons, Text(f"{threads} CPU threads", f"{threads} 个 CPU 线程")):
        say(Log(reason))

    tuning.check(job, placement)
    reporting.check(job.config)
    reporting.settle(job.config)
    with ranks.first(on_each_machine=True):
        prepare_quickstart(job, say)
    method = methods.of(job.config.method)
    pours = job.config.streaming and job.config.method in ("sft", "pt")
    parts: Any = streams(job.config) if pours else shares(job.config)
    rows = parts.train
    tokenizer = load_tokenizer(job)
    with ranks.first():  # the others find what it tokenised in the cache
        texts = method.texts(job, rows, tokenizer, say)
        evaluation = _evaluated_on(method, job, parts.evaluation, tokenizer, say)
    planned = plan(job.config, len(texts), ranks.size)
    steps = planned.steps

    fingerprint = rundir.fingerprint(job, str(placement.dtype))
    with ranks.first():
        record = rundir.check(run, fingerprint)
        found = checkpoints.find(run)
    ranks.meet()
    if record is not None and record.state == "finished" and record.steps >= steps:
        _already_finished(job, record.steps, say)
        return
    _tell_resume(found, record, job, say)
    if ranks.leads:
        about = provenance.made_of(
            job.config, job.base, torch.version.cuda, torch.get_num_threads(), texts
        )
        rundir.rewind_metrics(run, found.step if found.newest else -1)
        rundir.replace(run / rundir.CONFIG, _resolved(job))
        if job.doctor:
            rundir.replace(run / rundir.DOCTOR, job.doctor)
        rundir.write(run, Record("training", 0, fingerprint, about))
    job = distributed.arranged(job, say)

    model = load_model(job, placement, tokenizer, method.HEAD)
    opened = ending.prepare(job, model, tokenizer, texts, say)
    model = tuning.put_on(job, model, say, method.HEAD, opened)
    watch = Watch(say, stop, len(texts))
    trainer = method.build(Parts(job, model, tokenizer, texts, evaluation, placement, say, [watch]))
    watch.trainer = trainer
    if ranks.leads:
        _check_disk(job, trainer, planned, placement)
    # One rank alone of a sharded model cannot answer.
    asks = ranks.size == 1 and method.HEAD == "causal"
    asked = answers.of_rows(job, first(rows), tokenizer) if asks else []
    del parts, rows  # as large as the data, and what is trained on lies in files by now
    answers.before(run, trainer.model, tokenizer, asked)
    if found.newest is None or found.step < steps:
        with stop.while_training():
            trainer.train(resume_from_checkpoint=str(found.newest) if found.newest else None)
    else:  # an earlier run came to the end, but not to save what it had learnt
        trainer.restore(found.newest)

    trainer.check_loss()  # the last steps may be behind the last save
    _tell_best(trainer, say)
    done = max(steps, found.step)
    answers.after(run, trainer.model, tokenizer, asked)
    state = trainer.whole_state()
    if ranks.leads:
        _finish(job, trainer.model, tokenizer, done, placement.dtype, state)
        rundir.write(run, Record("finished", done, fingerprint, about))
    ranks.meet()
    say(Done(done, watch.last_loss, str(run)))


def _evaluated_on(method: Method, job: Job, rows: Rows | None, tokenizer: Any, say: Say) -> Any:
    if rows is None or job.config.training.get("eval_strategy", "no") == "no":
        return None
    say(Log(Text("kept for evaluation:", "留作评估：")))
    job = replace(job, config=replace(job.config, packing="auto"))  # each row is judged alone
    try:
        return method.texts(job, rows, tokenizer, say)
    except TrainError as error:
        if error.code not in ("TRN003", "TRN008") or job.config.eval_data:
            raise
        raise failure("TRN056") from error  # a stream's share is known when its rows have passed


def _check_disk(job: Job, trainer: Safe, planned: Plan, placement: Placement) -> None:
    element = placement.dtype.itemsize
    needed = diskroom.need(job.config, trainer.model, job.snapshot, planned, element)
    diskroom.check(job.config.output_dir, needed)


def _tell_best(trainer: Safe, say: Say) -> None:
    step, metric = trainer.state.best_global_step, trainer.state.best_metric
    if trainer.args.load_best_model_at_end and step and metric is not None:
        found = f"{trainer.args.metric_for_best_model} {metric:.4f}"
        best = Text(f"the best was step {step} ({found})", f"效果最好的是第 {step} 步（{found}）")
        say(Log(Text(f"{best.en}: that is what is kept", f"{best.zh}，最终保留的就是它")))


def _tell_resume(found: Found, record: Record | None, job: Job, say: Say) -> None:
    for name in found.removed:
        say(Log(Text(f"{name} is torn; removed", f"{name} 不完整，已删除"), "warning"))
    if found.newest is not None:
        say(Log(Text(f"resuming from {found.newest.name}", f"从 {found.newest.name} 继续训练")))
    elif record is not None and record.state == "finished":
        run = job.config.output_dir
        raise failure(
            "TRN030",
            Text(
                f"{run} is finished, and has no checkpoint to go on from",
                f"{run} 已训练完成，但没有可以接着训练的检查点",
            ),
        )


def _already_finished(job: Job, steps: int, say: Say) -> None:
    limited = job.config.training.get("max_steps", -1) != -1
    key = "training.max_steps" if limited else "training.num_train_epochs"
    say(
        Log(
            Text(
                f"this run is finished ({steps} steps): raise {key} to go on, or name another "
                "output_dir to begin anew",
                f"这次训练已经完成（{steps} 步）：想继续训练，请调大 {key}；想重新开始，请换一个 output_dir",
            )
        )
    )
    say(Done(steps, None, str(job.config.output_dir)))


def _finish(
    job: Job, model: Any, tokenizer: Any, steps: int, dtype: torch.dtype, state: Any = None
) -> None:
    """Adapter or model, tokenizer and card, written aside and then moved in."""
    run = job.config.output_dir
    staged = run / checkpoints.STAGING
    shutil.rmtree(staged, ignore_errors=True)
    staged.mkdir()
    if state is None:
        product.narrow(model, dtype)
    product.save(model, tokenizer, staged, job.base, state)
    card = product.card(job.base, steps, rundir.last_loss(run), job.config.tuning)
    (staged / "README.md").write_text(card, encoding="utf-8")
    product.publish(staged, run)


def _resolved(job: Job) -> str:
    """Every value of the run, as a run config."""
    values = runconfig.recorded(job.config)
    return str(yaml.safe_dump(values, allow_unicode=True, sort_keys=False))


def _quiet(logging: Any) -> None:
    logging.set_verbosity_warning()
    logging.disable_progress_bar()
