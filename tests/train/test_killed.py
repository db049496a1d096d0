"""kill -9 at any moment, and the same command again: the same bytes as if nothing had happened."""

from __future__ import annotations

from pathlib import Path

import pytest

from qtune.train.events import Evaluated, Started
from qtune.train.job import Job
from tests.train.forks import Death, run_forked
from tests.train.runs import make_job, metrics

pytestmark = pytest.mark.slow

# Dropout draws random numbers in each step, two micro-batches make one, and every other one is evaluated.
PLAIN = (
    *("training.per_device_train_batch_size=8", "training.gradient_accumulation_steps=2"),
    *("training.num_train_epochs=", "training.max_steps=8", "training.save_steps=2"),
    *("training.logging_steps=1", "lora.lora_dropout=0.1", "eval_share=0.1"),
    *("training.eval_strategy=steps", "training.eval_steps=2"),
)
# Every epoch has three steps; the best checkpoint is what is kept in the end.
PACKED = (
    *("packing=true", "max_length=128", "training.per_device_train_batch_size=10"),
    *("training.gradient_accumulation_steps=2", "training.num_train_epochs=2", "eval_share=0.2"),
    *("training.logging_steps=2", "training.save_steps=2", "training.save_strategy=epoch"),
    *("training.eval_strategy=epoch", "training.load_best_model_at_end=true"),
    *("lora.lora_dropout=0.1",),
)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


def undisturbed(folder: Path, cache: Path, *overrides: str) -> Job:
    job = make_job(folder / "undisturbed", cache, *overrides)
    outcome = run_forked(job, folder)
    assert outcome.code == 0, outcome.stderr
    return job


def course(run: Path) -> list[dict[str, float]]:
    """All that was measured, save what the clock and the machine's memory say."""
    measured = ("time", "memory")
    return [{k: v for k, v in row.items() if k not in measured} for row in metrics(run)]


def assert_same(run: Path, other: Path) -> None:
    assert course(run) == course(other)
    names = {path.name for path in other.iterdir() if path.is_file()}
    assert {path.name for path in run.iterdir() if path.is_file()} == names
    for name in ("adapter_model.safetensors", "adapter_config.json", "tokenizer.json", "README.md"):
        assert (run / name).read_bytes() == (other / name).read_bytes(), name


def test_killed_at_every_stage_it_ends_as_if_undisturbed(tmp_path: Path, cache: Path) -> None:
    reference = undisturbed(tmp_path, cache, *PLAIN).config.output_dir
    evaluated = [row["step"] for row in metrics(reference) if "eval_loss" in row]
    assert evaluated == [2, 4, 6, 8]

    run = tmp_path / "run"
    job = make_job(run, cache, *PLAIN)
    deaths = {
        "before the first checkpoint": Death("qtune.train.checkpoints", "commit"),
        "between checkpoints": Death("qtune.train.watch", "Watch.on_step_end", 3),
        "during a save": Death("qtune.train.checkpoints", "seal", 2, after=True),
        "during an evaluation": Death("qtune.train.evaluation", "held_out_loss", 2, after=True),
        "while publishing": Death("qtune.train.product", "_move", 3),
    }
    for when, death in deaths.items():
        outcome = run_forked(job, tmp_path, death)
        assert outcome.code == -9, (when, outcome.code, outcome.stderr)
        assert '"finished"' not in (run / "record.json").read_text(), when
    last = run_forked(job, tmp_path)
    assert last.code == 0, last.stderr
    assert_same(run, reference)


def test_packed_and_evaluated_by_epochs_too(tmp_path: Path, cache: Path) -> None:
    reference = undisturbed(tmp_path, cache, *PACKED).config.output_dir
    run = tmp_path / "run"
    job = make_job(run, cache, *PACKED)
    first = run_forked(job, tmp_path, Death("qtune.train.evaluation", "held_out_loss", 2))
    assert first.code == -9
    last = run_forked(job, tmp_path)
    assert last.code == 0, last.stderr
    started = [event.done for event in last.events if isinstance(event, Started)]
    assert started and started[0] > 0, "it went on from a checkpoint"
    assert [event for event in last.events if isinstance(event, Evaluated)]
    assert_same(run, reference)
