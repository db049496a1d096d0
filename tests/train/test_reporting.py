"""report_to: what is not installed is said before anything is loaded; TensorBoard's curves lie in the run directory."""

from __future__ import annotations

import dataclasses
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from qtune.core.errors import TrainError
from qtune.train import mishaps, reporting
from tests.train.runs import environ, make_job, run_child


def test_nobody_is_told_by_default(tmp_path: Path) -> None:
    config = make_job(tmp_path / "out", tmp_path).config
    assert reporting.names(config) == ()
    assert reporting.arguments(config) == {"report_to": "none"}
    reporting.check(config)


@pytest.mark.triggers("TRN120")
@pytest.mark.parametrize("written", ["no_such_program", ["tensorboard", "no_such_program"]])
def test_a_program_that_is_not_installed_is_named_with_the_command_that_installs_it(
    tmp_path: Path, written: object
) -> None:
    config = make_job(tmp_path / "out", tmp_path).config
    asked = dataclasses.replace(config, training={**config.training, "report_to": written})
    with pytest.raises(TrainError) as caught:
        reporting.check(asked)
    assert caught.value.code == "TRN120"
    assert caught.value.fix is not None
    assert "pip install no_such_program" in caught.value.fix.en


def test_their_files_go_into_the_run_directory_unless_the_user_says_otherwise(
    tmp_path: Path,
) -> None:
    environment = {"WANDB_PROJECT": "mine"}
    config = make_job(tmp_path, tmp_path).config
    reporting.settle(config, environment)
    assert environment == {"WANDB_PROJECT": "mine"}  # nobody is told of this run
    told = dataclasses.replace(config, training={**config.training, "report_to": "tensorboard"})
    reporting.settle(told, environment)
    assert environment["WANDB_PROJECT"] == "mine"
    assert environment["TENSORBOARD_LOGGING_DIR"] == str(tmp_path / "tensorboard")
    assert environment["WANDB_LOG_MODEL"] == "false"


@pytest.mark.triggers("TRN121")
def test_what_such_a_program_raises_is_an_error_of_the_catalogue() -> None:
    kind: Any = type("UsageError", (Exception,), {"__module__": "wandb.errors.errors"})
    known = mishaps.translate(kind("api_key not configured (no-tty)\n\ncall wandb.login"))
    assert known is not None and known.code == "TRN121"
    assert "api_key not configured" in known.message.en
    assert reporting.translated(ValueError("another's")) is None


@pytest.mark.slow
@pytest.mark.spares("TRN120", "TRN121")
def test_tensorboards_curves_lie_in_the_run_directory(tmp_path: Path) -> None:
    job = make_job(
        tmp_path / "out",
        tmp_path / "cache",
        "training.max_steps=3",
        "training.logging_steps=1",
        "training.report_to=tensorboard",
    )
    outcome = run_child(job, environ(tmp_path))
    assert outcome.code == 0, outcome.stderr
    assert not (tmp_path / "calls.txt").exists()
    module = "tensorboard.backend.event_processing.event_accumulator"
    curves = import_module(module).EventAccumulator(str(tmp_path / "out" / "tensorboard"))
    curves.Reload()
    assert [event.step for event in curves.Scalars("train/loss")] == [1, 2, 3]
