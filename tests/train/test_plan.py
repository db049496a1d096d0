"""The dry run's numbers are the trainer's numbers."""

from __future__ import annotations

from pathlib import Path

import pytest

from qtune.core import runconfig
from qtune.core.runconfig import Defaults, RunConfig
from qtune.train import data, quickstart
from qtune.train.plan import plan


def config(tmp_path: Path, *overrides: str) -> RunConfig:
    path = tmp_path / "run.yaml"
    path.write_text("data: quickstart\nmodel: quickstart\n")
    defaults = Defaults("a/b", Path("runs"), tmp_path)
    return runconfig.load(path, overrides, defaults=defaults)


def test_steps_are_rounded_up_batch_by_batch(tmp_path: Path) -> None:
    made = plan(config(tmp_path), 100)  # batches of 1, 8 of them a step, 3 epochs
    assert (made.batch, made.steps_per_epoch, made.steps) == (8, 13, 39)
    assert made.warmup_steps == 4
    assert (made.save_every, made.checkpoints) == (500, 1)


def test_max_steps_wins_over_epochs(tmp_path: Path) -> None:
    made = plan(config(tmp_path, "training.max_steps=26"), 100)
    assert (made.steps, made.epochs) == (26, 2.0)


@pytest.mark.parametrize(
    ("override", "every", "kept"),
    [
        ("training.save_steps=10", 10, 2),
        ("training.save_steps=0.5", 20, 2),
        ("training.save_strategy=epoch", 13, 2),
        ("training.save_strategy=no", None, 0),
    ],
)
def test_checkpoints_are_counted(
    tmp_path: Path, override: str, every: int | None, kept: int
) -> None:
    made = plan(config(tmp_path, override), 100)
    assert (made.save_every, made.checkpoints) == (every, kept)


def test_a_part_of_an_epoch_and_a_dropped_last_batch(tmp_path: Path) -> None:
    half = plan(config(tmp_path, "training.num_train_epochs=0.5"), 100)
    assert half.steps == 7
    drop = ("training.per_device_train_batch_size=8", "training.dataloader_drop_last=true")
    assert plan(config(tmp_path, *drop), 100).steps_per_epoch == 1  # of 64 rows; 36 are left


def test_the_shipped_quickstart_is_a_valid_config_of_a_few_hundred_steps(tmp_path: Path) -> None:
    defaults = Defaults("a/b", Path("runs"), tmp_path)
    shipped = runconfig.load(quickstart.CONFIG, defaults=defaults)
    assert shipped.model == "quickstart"
    assert shipped.output_dir == tmp_path / "runs" / "quickstart"
    assert shipped.warnings == ()
    rows = data.read(shipped.data)
    assert plan(shipped, len(rows.usable)).steps == 315
    assert f"{len(rows.usable)} rows" in quickstart.CONFIG.read_text("utf-8")
