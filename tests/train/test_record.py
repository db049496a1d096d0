"""A run directory is a record: of versions, data, commit and config, from which the run can be made again."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from qtune.core.runconfig import DataSource
from qtune.train import provenance, rundir
from tests.train.forks import run_forked
from tests.train.runs import environ, make_job

SHORT = (
    *("training.per_device_train_batch_size=8", "training.gradient_accumulation_steps=1"),
    *("training.num_train_epochs=", "training.max_steps=2", "training.logging_steps=1"),
)


def git(folder: Path, *words: str) -> str:
    who = ("-c", "user.name=a", "-c", "user.email=a@b.c")
    done = subprocess.run(
        ["git", *who, *words], cwd=folder, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@pytest.mark.skipif(shutil.which("git") is None, reason="no git here")
def test_the_commit_of_the_project_is_kept_with_whether_it_was_changed(tmp_path: Path) -> None:
    assert provenance.project(tmp_path) is None
    git(tmp_path, "init", "-q")
    assert provenance.project(tmp_path) is None, "a repository without a commit has none to name"
    (tmp_path / "sft.yaml").write_text("model: quickstart\n")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "begin")
    commit = git(tmp_path, "rev-parse", "HEAD")
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs/untracked").write_text("what a run writes is no change of the project")
    assert provenance.project(tmp_path) == {"commit": commit, "dirty": False}
    (tmp_path / "sft.yaml").write_text("model: other\n")
    assert provenance.project(tmp_path) == {"commit": commit, "dirty": True}


def test_a_file_that_changed_and_another_version_are_told(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"instruction": "a", "output": "b"}\n')
    (before,) = provenance.hashes([DataSource(path)])
    assert before["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    then = {"data": [before], "versions": {"torch": "2.0", "peft": "0.21"}}
    assert provenance.changes(then, then) == []
    path.write_text('{"instruction": "a", "output": "c"}\n')
    now = {
        "data": list(provenance.hashes([DataSource(path)])),
        "versions": {"torch": "2.1", "peft": "0.21"},
    }
    told = [text.en for text in provenance.changes(then, now)]
    assert told[0].startswith(f"{path} has changed (sha256 {str(before['sha256'])[:12]}")
    assert told[1:] == ["torch was 2.0 and is 2.1"]


def test_a_run_directory_that_is_none_is_a_config_that_cannot_be_read(tmp_path: Path) -> None:
    from qtune.commands import rerun

    assert rerun.target(str(tmp_path)) == (tmp_path, ())
    assert rerun.target("sft.yaml") == (Path("sft.yaml"), ())


def qtune(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "qtune", "run", *arguments],
        cwd=folder,
        env=environ(folder, XDG_CACHE_HOME=str(folder / "cache")),
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.slow
def test_a_run_directory_is_repeated_elsewhere_to_the_byte_and_goes_on_where_it_lies(
    tmp_path: Path,
) -> None:
    """It was moved meanwhile, so that what it says of its own place is wrong."""
    data = tmp_path / "rows.jsonl"
    rows = [{"instruction": f"say {n}", "output": f"it is {n}"} for n in range(40)]
    data.write_text("".join(json.dumps(row) + "\n" for row in rows))
    cache = tmp_path / "cache/qtune"
    job = make_job(tmp_path / "runs/first", cache, f"data={data}", *SHORT)
    job = replace(job, base=str(job.snapshot), device="auto", dtype="auto")
    first = run_forked(job, tmp_path)
    assert first.code == 0, first.stderr
    moved = tmp_path / "runs/moved"
    (tmp_path / "runs/first").rename(moved)

    record = rundir.recorded(moved)
    assert record is not None and record.state == "finished"
    assert record.about["seed"] == 42
    assert isinstance(record.about["versions"], dict) and "torch" in record.about["versions"]
    about: Any = record.about
    (kept,) = about["data"]
    assert kept["sha256"] == hashlib.sha256(data.read_bytes()).hexdigest()
    assert about["tokens"]["rows"] == 40

    again = qtune(tmp_path, "runs/moved", "output_dir=runs/again")
    assert again.returncode == 0, again.stderr
    assert "changed" not in again.stderr
    weights = "adapter_model.safetensors"
    assert (tmp_path / "runs/again" / weights).read_bytes() == (moved / weights).read_bytes()

    longer = qtune(tmp_path, "runs/moved", "training.max_steps=3")
    assert longer.returncode == 0, longer.stderr
    assert longer.stdout.strip() == str(moved)
    assert "resuming from checkpoint-2" in longer.stderr
    assert not (tmp_path / "runs/first").exists()


@pytest.mark.slow
def test_what_the_doctor_found_lies_beside_the_run(tmp_path: Path) -> None:
    found = json.dumps({"schema": 1, "findings": []})
    job = replace(make_job(tmp_path / "run", tmp_path / "cache", *SHORT), doctor=found)
    outcome = run_forked(job, tmp_path)
    assert outcome.code == 0, outcome.stderr
    assert json.loads((tmp_path / "run/doctor.json").read_text()) == json.loads(found)
