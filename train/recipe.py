"""From a job to a run directory: the recipe, top to bottom."""

from __future__ import annotations

import shutil
from typing import Any

import yaml
from transformers.utils import logging as transformers_logging

from qtune.core import runconfig
from qtune.core.text import Text
from qtune.train import checkpoints, data, device, methods, product, rundir, tuning
from qtune.train.causes import failure
from qtune.train.checkpoints import Found
from qtune.train.events import Done, Log, Say
from qtune.train.job import Job
from qtune.train.loading import load_model, load_tokenizer, prepare_quickstart
from qtune.train.methods import Parts
from qtune.train.plan import plan
from qtune.train.rundir import Record
from qtune.train.stop import Stop
from qtune.train.watch import Watch


def train(job: Job, say: Say, stop: Stop) -> None:
    """Raises TrainError for what the user can mend, Interrupted when asked to stop."""
    _quiet(transformers_logging)
    with rundir.claim(job.config.output_dir):
        _train(job, say, stop)


def _train(job: Job, say: Say, stop: Stop) -> None:
    run = job.config.output_dir
    placement = device.choose(job.device, job.dtype)
    threads = device.limit_threads()
    for reason in (*placement.reasons, Text(f"{threads} CPU threads", f"{threads} 个 CPU 线程")):
        say(Log(reason))

    tuning.check(job, placement)
    prepare_quickstart(job, say)
    method = methods.of(job.config.method)
    rows = data.read(job.config.data)
    data.judge(rows)
    tokenizer = load_tokenizer(job)
    texts = method.texts(job, rows, tokenizer, say)
    steps = plan(job.config, len(texts)).steps

    fingerprint = rundir.fingerprint(job, str(placement.dtype))
    record = rundir.check(run, fingerprint)
    found = checkpoints.find(run)
    if record is not None and record.state == "finished" and record.steps >= steps:
        _already_finished(job, record.steps, say)
        return
    _tell_resume(found, record, job, say)
    rundir.rewind_metrics(run, found.step)
    rundir.write(run, Record("training", 0, fingerprint))

    model = tuning.put_on(job, load_model(job, placement, tokenizer, method.HEAD), say, method.HEAD)
    watch = Watch(say, stop, len(texts))
    trainer = method.build(Parts(job, model, tokenizer, texts, None, placement, say, [watch]))
    watch.trainer = trainer
    if found.newest is None or found.step < steps:
        with stop.while_training():
            trainer.train(resume_from_checkpoint=str(found.newest) if found.newest else None)
    else:  # an earlier run came to the end, but not to save what it had learnt
        trainer._load_from_checkpoint(str(found.newest))

    done = max(steps, found.step)
    _finish(job, trainer.model, tokenizer, done, watch.last_loss)
    rundir.write(run, Record("finished", done, fingerprint))
    say(Done(done, watch.last_loss, str(run)))


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


def _finish(job: Job, model: Any, tokenizer: Any, steps: int, loss: float | None) -> None:
    """Adapter, tokenizer, card and resolved config, written aside and then moved in."""
    run = job.config.output_dir
    staged = run / checkpoints.STAGING
    shutil.rmtree(staged, ignore_errors=True)
    staged.mkdir()
    product.save(model, tokenizer, staged, job.base)
    card = product.card(job.base, steps, loss, job.config.tuning)
    (staged / "README.md").write_text(card, encoding="utf-8")
    resolved = yaml.safe_dump(runconfig.resolved(job.config), allow_unicode=True, sort_keys=False)
    (staged / "run.yaml").write_text(resolved, encoding="utf-8")
    product.publish(staged, run)


def _quiet(logging: Any) -> None:
    logging.set_verbosity_warning()
    logging.disable_progress_bar()
