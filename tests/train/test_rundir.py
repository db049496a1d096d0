"""A run directory belongs to one training, and to one process at a time."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from qtune.core.errors import TrainError
from qtune.train import rundir
from qtune.train.job import Job
from qtune.train.rundir import Record
from tests.train.runs import make_job

NOW = {"model": "a", "data": "b", "lora.r": "8"}


@pytest.mark.spares("TRN030", "TRN031")
def test_an_empty_folder_begins_and_the_same_training_goes_on(tmp_path: Path) -> None:
    assert rundir.check(tmp_path, NOW) is None
    record = Record("training", 0, NOW)
    rundir.write(tmp_path, record)
    assert rundir.check(tmp_path, NOW) == record


@pytest.mark.spares("TRN030")
def test_before_the_first_checkpoint_a_change_costs_nothing(tmp_path: Path) -> None:
    rundir.write(tmp_path, Record("training", 0, NOW))
    assert rundir.check(tmp_path, {**NOW, "lora.r": "16"}) is None


@pytest.mark.triggers("TRN030")
def test_after_a_checkpoint_every_change_is_named(tmp_path: Path) -> None:
    rundir.write(tmp_path, Record("training", 0, NOW))
    (tmp_path / "checkpoint-4").mkdir()
    with pytest.raises(TrainError) as caught:
        rundir.check(tmp_path, {"model": "a", "data": "x", "lora.r": "16", "lora.bias": '"all"'})
    assert caught.value.code == "TRN030"
    lines = caught.value.message.en.splitlines()
    assert "  data: other files than before" in lines
    assert "  lora.r: 8 -> 16" in lines
    assert '  lora.bias: - -> "all"' in lines
    assert not any("model" in line and "->" in line for line in lines)


@pytest.mark.triggers("TRN031")
@pytest.mark.parametrize(
    "name", ["adapter_model.safetensors", "model.safetensors", "checkpoint-7/x"]
)
def test_somebody_elses_model_is_not_overwritten(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"precious")
    with pytest.raises(TrainError) as caught:
        rundir.check(tmp_path, NOW)
    assert caught.value.code == "TRN031"
    assert path.read_bytes() == b"precious"


@pytest.mark.parametrize("text", ["", "{", "[]", '{"state": "finished"}', "null"])
def test_a_spoilt_record_is_no_record(tmp_path: Path, text: str) -> None:
    (tmp_path / rundir.RECORD).write_text(text)
    assert rundir.check(tmp_path, NOW) is None


def test_metrics_are_taken_back_to_the_step_that_training_goes_on_from(tmp_path: Path) -> None:
    path = tmp_path / rundir.METRICS
    path.write_text('{"step": 1}\n{"step": 4}\n{"step": 5}\nnonsense\n{"step": 6, "lo')
    rundir.rewind_metrics(tmp_path, 4)
    assert path.read_text() == '{"step": 1}\n{"step": 4}\n'
    rundir.rewind_metrics(tmp_path, 0)
    assert path.read_text() == ""


@pytest.mark.triggers("TRN024")
def test_a_folder_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "loop").symlink_to("loop")
    for folder in (tmp_path / name for name in ("file", "file/run", "loop", "loop/run")):
        with pytest.raises(TrainError) as caught, rundir.claim(folder):
            pass
        assert caught.value.code == "TRN024"


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_may_not_be_written_is_an_error(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(TrainError) as caught, rundir.claim(tmp_path / "run"):
        pass
    assert caught.value.code == "TRN024"


@pytest.mark.spares("TRN024", "TRN032")
@pytest.mark.parametrize("error", [PermissionError(13, "x"), FileExistsError(17, "x")])
def test_what_fails_inside_is_not_blamed_on_the_folder(tmp_path: Path, error: OSError) -> None:
    with pytest.raises(type(error)), rundir.claim(tmp_path / "run"):
        raise error
    with rundir.claim(tmp_path / "run", patience=0):  # and the lock was let go
        pass


@pytest.mark.triggers("TRN032")
def test_another_process_in_the_folder_is_an_error(tmp_path: Path) -> None:
    with (
        rundir.claim(tmp_path / "run"),
        pytest.raises(TrainError) as caught,
        rundir.claim(tmp_path / "run", patience=0),
    ):
        pass
    assert caught.value.code == "TRN032"


@pytest.fixture
def job(tmp_path: Path) -> Job:
    """On a snapshot whose weights are too large to be read whole."""
    snapshot = tmp_path / "snapshot"
    snapshot.mkdir()
    (snapshot / "config.json").write_text("{}")
    (snapshot / "model.safetensors").write_bytes(b"header" + bytes(rundir.READ_WHOLE))
    return replace(make_job(tmp_path / "run", tmp_path), snapshot=snapshot)


def test_other_weights_of_the_same_size_are_another_model(job: Job) -> None:
    before = rundir.fingerprint(job, "float32")
    weights = job.snapshot / "model.safetensors"
    with weights.open("r+b") as file:
        file.seek(-8, os.SEEK_END)
        file.write(b"trained!")
    after = rundir.fingerprint(job, "float32")
    assert {key for key in before if before[key] != after[key]} == {"model"}


def test_what_programs_note_beside_a_model_is_no_part_of_it(job: Job) -> None:
    before = rundir.fingerprint(job, "float32")
    (job.snapshot / ".qtune").mkdir()
    (job.snapshot / ".qtune" / "provenance.json").write_text("{}")
    (job.snapshot / ".gitattributes").write_text("* text\n")
    assert rundir.fingerprint(job, "float32") == before


def test_rows_that_stream_come_in_another_order(tmp_path: Path) -> None:
    job = make_job(tmp_path / "out", tmp_path / "cache")
    job.snapshot.mkdir(parents=True, exist_ok=True)
    streaming = replace(job, config=replace(job.config, streaming=True))
    assert rundir.fingerprint(job, "float32") != rundir.fingerprint(streaming, "float32")
