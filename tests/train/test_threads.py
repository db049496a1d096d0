"""What went wrong for users of other trainers, thread by thread of our list, 31 to 42: here the machine's part.

32 to 36 and 42 (templates, thinking, end tokens) are in test_threads_texts.py, 39 (packing without
flash-attention) in test_packing.py and test_kernels.py. Of 37, that an extended run has a learning rate is in
test_going_on.py, and that random states come back in test_killed.py.
"""

from __future__ import annotations

import os
import pickle
from pathlib import Path

import pytest

from qtune.core.progress import Silent
from qtune.core.runproblems import RunConfigError
from qtune.train import checkpoints
from qtune.train.events import Saved, Step
from tests.train.forks import Death, run_forked
from tests.train.runs import make_job, metrics

SHORT = (
    *("training.per_device_train_batch_size=8", "training.gradient_accumulation_steps=1"),
    *("training.num_train_epochs=", "training.max_steps=4", "training.save_steps=2"),
    *("training.logging_steps=1",),
)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


# --- 31: loss 0, gradients NaN, and the training goes on ------------------------------------------


@pytest.mark.triggers("TRN075")
def test_thread_31_a_gradient_that_is_no_number_is_seen_though_the_loss_is_fine() -> None:
    import torch

    from qtune.train.health import Health

    health = Health(torch.device("cpu"))
    for step in range(3):
        for _ in range(2):  # two micro-batches
            health.saw_loss(torch.tensor(1.5), step)
        health.saw_norm(torch.tensor(float("inf") if step == 1 else 0.3), scaled=False)
    assert health.bad_loss() is None
    assert health.bad_norm() == (1, 1), "the second step, seen behind its second micro-batch"


def test_thread_31_float16_may_skip_steps_and_not_all_of_them() -> None:
    """A scaler finds its scale by overflowing; ms-swift's runs overflowed to the end."""
    import torch

    from qtune.train.health import SKIPPED_IN_A_ROW, Health

    health = Health(torch.device("cpu"))
    for step in range(100):
        health.saw_loss(torch.tensor(2.0), step)
        overflows = step % SKIPPED_IN_A_ROW != 0
        health.saw_norm(torch.tensor(float("nan") if overflows else 1.0), scaled=True)
    assert health.bad_norm() is None
    for step in range(100, 100 + SKIPPED_IN_A_ROW):
        health.saw_loss(torch.tensor(2.0), step)
        health.saw_norm(torch.tensor(float("nan")), scaled=True)
    assert health.bad_norm() is not None


@pytest.mark.parametrize("waits", [False, True], ids=["cpu", "as on a gpu"])
def test_thread_31_the_first_bad_micro_batch_is_the_one_that_is_named(waits: bool) -> None:
    import torch

    from qtune.train.health import Health

    health = Health(torch.device("cpu"))
    for first in (health._loss, health._norm, health._zero):
        first._waits = waits  # a GPU is asked later, so that it need not wait
    losses = [1.0, 0.0, float("nan"), float("inf")]
    for number, loss in enumerate(losses):
        health.saw_loss(torch.tensor(loss), 10 + number // 2)
    assert health.bad_loss() == (11, 0)
    assert health.zero() == (10, 1)
    health.forget()
    assert health.bad_loss() is None


# --- 37: resuming ---------------------------------------------------------------------------------


class Payload:
    """What an evil checkpoint holds: a call that unpickling makes."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.path),)


@pytest.mark.slow
@pytest.mark.triggers("TRN076")
@pytest.mark.parametrize("name", ["rng_state.pth", "optimizer.pt", "scheduler.pt"])
def test_thread_37_nothing_in_a_checkpoint_can_run(tmp_path: Path, cache: Path, name: str) -> None:
    run, ran = tmp_path / "run", tmp_path / "ran"
    job = make_job(run, cache, *SHORT)
    assert (
        run_forked(job, tmp_path, Death("qtune.train.watch", "Watch.on_save", after=True)).code
        == -9
    )
    folder = run / "checkpoint-2"
    (folder / name).write_bytes(pickle.dumps(Payload(ran)))
    checkpoints.seal(folder)  # whole, as its author wants it to be
    outcome = run_forked(job, tmp_path)
    assert not ran.exists()
    assert outcome.code == 1, (outcome.events[-1], outcome.stderr)
    assert outcome.error().code == "TRN076"


@pytest.mark.slow
@pytest.mark.spares("TRN076", "TRN022")
def test_thread_37_a_run_that_was_stopped_goes_on(tmp_path: Path, cache: Path) -> None:
    """torch 2.6 refused the random states of numpy that transformers had saved."""
    run = tmp_path / "run"
    job = make_job(run, cache, *SHORT)
    assert (
        run_forked(job, tmp_path, Death("qtune.train.watch", "Watch.on_save", after=True)).code
        == -9
    )
    resumed = run_forked(job, tmp_path)
    assert resumed.code == 0, resumed.stderr
    assert [event.step for event in resumed.events if isinstance(event, Saved)] == [4]


@pytest.mark.parametrize(
    "line", ["save_only_model=true", "resume_from_checkpoint=runs/x", "ignore_data_skip=true"]
)
def test_thread_37_what_would_make_resuming_impossible_cannot_be_written(
    tmp_path: Path, cache: Path, line: str
) -> None:
    with pytest.raises(RunConfigError) as refused:
        make_job(tmp_path / "run", cache, f"training.{line}")
    assert [problem.code for problem in refused.value.problems] == ["CFG008"]


# --- 38: training fits, the evaluation does not ---------------------------------------------------


@pytest.mark.slow
@pytest.mark.spares("TRN022")
def test_thread_38_an_evaluation_that_does_not_fit_takes_smaller_batches(
    tmp_path: Path, cache: Path
) -> None:
    evaluated = (
        *("training.max_steps=2", "eval_share=0.1", "training.eval_strategy=steps"),
        *("training.eval_steps=2", "training.per_device_eval_batch_size=16"),
    )
    losses = []
    for name, prepare in (("wide", ()), ("narrow", ("evaluation_holds", "2"))):
        run = tmp_path / name
        outcome = run_forked(make_job(run, cache, *SHORT, *evaluated), tmp_path, prepare=prepare)
        assert outcome.code == 0, outcome.stderr
        losses += [row["eval_loss"] for row in metrics(run) if "eval_loss" in row]
    assert losses[0] == pytest.approx(losses[1], rel=1e-6)


def test_thread_38_no_logits_are_kept_whatever_is_written(tmp_path: Path, cache: Path) -> None:
    from qtune.train import device
    from qtune.train.trainer import arguments

    job = make_job(tmp_path / "run", cache, "eval_share=0.1")
    made = arguments(job.config, device.choose("cpu", "float32"))
    assert made.prediction_loss_only is True
    assert made.per_device_eval_batch_size <= made.per_device_train_batch_size


# --- 40: a disk that was full ---------------------------------------------------------------------


def test_thread_40_a_checkpoint_that_a_full_disk_cut_short_is_not_gone_on_from(
    tmp_path: Path,
) -> None:
    """SafetensorError HeaderTooLarge is what others say of such a file."""
    for step in (2, 4):
        folder = tmp_path / f"checkpoint-{step}"
        folder.mkdir()
        (folder / "adapter_model.safetensors").write_bytes(bytes(range(256)) * 40)
        checkpoints.seal(folder)
    cut = tmp_path / "checkpoint-4" / "adapter_model.safetensors"
    cut.write_bytes(cut.read_bytes()[:4096])
    assert checkpoints.newest(tmp_path) == "checkpoint-2"
    found = checkpoints.find(tmp_path)
    assert found.step == 2 and found.removed == ("checkpoint-4",)


# --- 41: slower than the others, and nobody can say by how much -----------------------------------


def test_thread_41_the_speed_is_told_and_can_be_reckoned_from_the_metrics() -> None:
    from qtune.commands.lesson import Lesson

    lesson = Lesson(Silent(), "en")
    for step in (
        Step(1, 0.1, 7.0, 1e-4, 1.0, tokens=1_000, time=100.0),
        Step(11, 0.2, 6.0, 1e-4, 1.0, tokens=21_000, time=110.0),
    ):
        lesson.tell(step)
    assert "2,000 tokens/s" in " ".join(lesson.summary())
