"""A finished run goes on, an evaluated one keeps its best, and being asked to stop costs nothing."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from qtune.train.events import Evaluated, Saved
from tests.train.forks import Death, run_forked
from tests.train.runs import make_job, metrics
from tests.train.test_killed import assert_same, course

pytestmark = pytest.mark.slow

SHORT = (
    *("training.per_device_train_batch_size=8", "training.gradient_accumulation_steps=1"),
    *("training.num_train_epochs=", "training.save_steps=2", "training.logging_steps=1"),
    *("training.warmup_steps=2",),
)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.mark.spares("TRN030")
def test_an_extended_run_follows_the_schedule_of_its_new_length(
    tmp_path: Path, cache: Path
) -> None:
    """Others take the first step beyond the old end at the old end's rate, which is 0."""
    run = tmp_path / "run"
    assert run_forked(make_job(run, cache, *SHORT, "training.max_steps=4"), tmp_path).code == 0
    assert metrics(run)[-1]["learning_rate"] < 0.002
    longer = run_forked(make_job(run, cache, *SHORT, "training.max_steps=8"), tmp_path)
    assert longer.code == 0, longer.stderr
    whole = tmp_path / "whole"
    assert run_forked(make_job(whole, cache, *SHORT, "training.max_steps=8"), tmp_path).code == 0
    rates, expected = ([row["learning_rate"] for row in metrics(of)] for of in (run, whole))
    assert rates[4:] == expected[4:]
    assert rates[4] > 0.001
    assert rates[3] != expected[3], "the first four steps belonged to a shorter schedule"


def test_the_best_evaluated_model_is_kept_and_is_what_the_run_leaves(
    tmp_path: Path, cache: Path
) -> None:
    """A rate that is far too high: after the first evaluations it only gets worse."""
    run = tmp_path / "run"
    job = make_job(
        run,
        cache,
        *SHORT,
        *("training.max_steps=8", "training.learning_rate=0.3", "training.warmup_steps=6"),
        *("eval_share=0.1", "training.eval_strategy=steps", "training.eval_steps=1"),
        *("training.load_best_model_at_end=true", "training.save_total_limit=1"),
        *("training.save_steps=4",),
    )
    outcome = run_forked(job, tmp_path)
    assert outcome.code == 0, outcome.stderr
    losses = {int(row["step"]): row["eval_loss"] for row in metrics(run) if "eval_loss" in row}
    assert sorted(losses) == list(range(1, 9))
    assert [e.eval_loss for e in outcome.events if isinstance(e, Evaluated)] == list(
        losses.values()
    )
    best = min(losses, key=lambda step: losses[step])
    assert best not in (4, 8), "save_steps alone would not have kept it"
    kept = {path.name for path in run.glob("checkpoint-*")}
    assert kept == {f"checkpoint-{best}", "checkpoint-8"}
    weights = "adapter_model.safetensors"
    assert (run / weights).read_bytes() == (run / f"checkpoint-{best}" / weights).read_bytes()
    assert any(f"step {best}" in line and "best" in line for line in outcome.logs())


def test_asked_to_stop_while_it_evaluates_it_saves_and_makes_up_for_it(
    tmp_path: Path, cache: Path
) -> None:
    """First by SIGTERM, then by Ctrl-C."""
    lines = (
        *(*SHORT, "training.max_steps=6", "lora.lora_dropout=0.1", "training.save_steps=5"),
        *("eval_share=0.1", "training.eval_strategy=steps", "training.eval_steps=2"),
        "training.eval_on_start=true",
    )
    reference = make_job(tmp_path / "undisturbed", cache, *lines)
    assert run_forked(reference, tmp_path).code == 0
    run = tmp_path / "run"
    job = make_job(run, cache, *lines)
    for number, code, nth, step in ((signal.SIGTERM, 143, 2, 2), (signal.SIGINT, 130, 2, 4)):
        death = Death("qtune.train.evaluation", "held_out_loss", nth, signal=number)
        stopped = run_forked(job, tmp_path, death)
        assert stopped.code == code, stopped.stderr
        assert [event.step for event in stopped.events if isinstance(event, Saved)] == [step]
        assert not any(e.step == step for e in stopped.events if isinstance(e, Evaluated))
        # Killed behind the evaluation that was made up for, and before the next checkpoint.
        killed = run_forked(job, tmp_path, Death("qtune.train.watch", "Watch.on_step_end"))
        assert killed.code == -9
        assert [e.step for e in killed.events if isinstance(e, Evaluated)] == [step]
    resumed = run_forked(job, tmp_path)
    assert resumed.code == 0, resumed.stderr
    assert_same(run, reference.config.output_dir)


def test_the_evaluation_changes_neither_the_training_nor_with_the_batch(
    tmp_path: Path, cache: Path
) -> None:
    """Its loss is a mean over tokens, so that the size of a batch says nothing; it draws no random number."""
    lines = (*SHORT, "training.max_steps=3", "lora.lora_dropout=0.1", "eval_share=0.2")
    every = ("training.eval_strategy=steps", "training.eval_steps=1")
    runs = {
        "one": (*every, "training.per_device_eval_batch_size=1"),
        "eight": (*every, "training.per_device_eval_batch_size=8"),
        "never": ("training.eval_strategy=no",),
    }
    for name, more in runs.items():
        outcome = run_forked(make_job(tmp_path / name, cache, *lines, *more), tmp_path)
        assert outcome.code == 0, outcome.stderr
    one, eight, never = (course(tmp_path / name) for name in runs)
    assert [row for row in one if "loss" in row] == never
    losses = [[row["eval_loss"] for row in rows if "eval_loss" in row] for rows in (one, eight)]
    assert len(losses[0]) == 3
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)
