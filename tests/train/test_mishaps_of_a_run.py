"""What goes wrong in the middle of a training: told with the step, the rows and what is left, and nothing lost."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from qtune.train.events import Saved
from tests.train.forks import run_forked
from tests.train.runs import make_job

pytestmark = pytest.mark.slow

SHORT = (
    *("training.per_device_train_batch_size=4", "training.gradient_accumulation_steps=1"),
    *("training.num_train_epochs=", "training.max_steps=6", "training.save_steps=2"),
    *("training.logging_steps=1",),
)
# Every row of forty once.
WHOLE = ("training.max_steps=10", "training.logging_steps=5")


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


def bad_row(folder: Path) -> Path:
    """Forty rows; the seventeenth alone has an emoji, whose first byte nothing else has."""
    rows = [{"instruction": f"say {n}", "output": f"it is {n}"} for n in range(40)]
    rows[16]["output"] = "it is 😀"
    path = folder / "rows.jsonl"
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
    return path


@pytest.mark.triggers("TRN020")
def test_a_loss_that_is_no_number_names_the_step_its_rows_and_the_last_good_checkpoint(
    tmp_path: Path, cache: Path
) -> None:
    rows = bad_row(tmp_path)
    job = make_job(tmp_path / "run", cache, *SHORT, f"data={rows}", *WHOLE)
    outcome = run_forked(job, tmp_path, prepare=("spoilt_by", "ð"))
    assert outcome.code == 1, outcome.stderr
    error = outcome.error()
    assert error.code == "TRN020"
    found = re.search(r"Stopped at step (\d+)\. Last good checkpoint: (\S+)\.\n", error.message.en)
    assert found is not None, error.message.en
    named = re.findall(r"rows\.jsonl:(\d+)", error.message.en)
    assert "17" in named and len(named) == 4, error.message.en
    assert error.fix is not None
    run = tmp_path / "run"
    command = f"qtune run {run} training.learning_rate=0.0006 output_dir={run}-2"
    assert command in error.fix.en, "the command to try next, from the run's own record"
    saved = [event.step for event in outcome.events if isinstance(event, Saved)]
    assert all(step < int(found[1]) for step in saved)
    assert found[2] == (f"checkpoint-{saved[-1]}" if saved else "none")


@pytest.mark.triggers("TRN020")
def test_an_evaluation_that_is_no_number_accuses_no_row_of_the_training(
    tmp_path: Path, cache: Path
) -> None:
    held = f"eval_data={bad_row(tmp_path)}"
    each = ("training.eval_strategy=steps", "training.eval_steps=2")
    job = make_job(tmp_path / "run", cache, *SHORT, held, *each)
    outcome = run_forked(job, tmp_path, prepare=("spoilt_in_evaluation_by", "ð"))
    assert outcome.code == 1, outcome.stderr
    error = outcome.error()
    assert error.code == "TRN020"
    assert "Stopped at the evaluation after step 2." in error.message.en
    assert ".jsonl:" not in error.message.en


@pytest.mark.triggers("TRN021")
def test_a_loss_that_is_exactly_zero_stops_the_run(tmp_path: Path, cache: Path) -> None:
    job = make_job(tmp_path / "run", cache, *SHORT)
    outcome = run_forked(job, tmp_path, prepare=("nothing_is_lost", "2"))
    assert outcome.code == 1, outcome.stderr
    error = outcome.error()
    assert error.code == "TRN021"
    assert "Stopped at step 2. Last good checkpoint: none." in error.message.en
    assert error.message.en.count("instructions.jsonl:") == 4, "the rows of that step"
    assert not list((tmp_path / "run").glob("checkpoint-*"))


@pytest.mark.triggers("TRN075")
def test_gradients_that_are_no_numbers_stop_the_run_though_the_loss_is_fine(
    tmp_path: Path, cache: Path
) -> None:
    job = make_job(tmp_path / "run", cache, *SHORT, "training.logging_steps=6")
    outcome = run_forked(job, tmp_path, prepare=("gradients_overflow", "4"))
    assert outcome.code == 1, outcome.stderr
    error = outcome.error()
    assert error.code == "TRN075"
    assert "Stopped at step 4. Last good checkpoint: checkpoint-2." in error.message.en
    assert "instructions.jsonl:" in error.message.en
    assert {path.name for path in (tmp_path / "run").glob("checkpoint-*")} == {"checkpoint-2"}


@pytest.mark.triggers("TRN075")
def test_what_spoils_the_very_last_step_is_not_saved_as_the_result(
    tmp_path: Path, cache: Path
) -> None:
    """Nothing is logged and nothing is saved behind it."""
    unwatched = ("training.logging_steps=100", "training.save_strategy=no")
    job = make_job(tmp_path / "run", cache, *SHORT, *unwatched, "training.max_steps=3")
    outcome = run_forked(job, tmp_path, prepare=("gradients_overflow", "3"))
    assert outcome.code == 1, outcome.stderr
    assert outcome.error().code == "TRN075"
    assert not (tmp_path / "run/adapter_model.safetensors").exists()


@pytest.mark.triggers("TRN074")
def test_a_disk_that_will_be_too_small_is_refused_before_the_first_step(
    tmp_path: Path, cache: Path
) -> None:
    run = tmp_path / "run"
    job = make_job(run, cache, *SHORT)
    refused = run_forked(job, tmp_path, prepare=("little_disk", "10000000"))
    assert refused.code == 1, refused.stderr
    error = refused.error()
    assert error.code == "TRN074"
    found = re.search(r"(\d) checkpoints of ([\d.]+) MB at once", error.message.en)
    assert found is not None, error.message.en
    assert "10.0 MB free" in error.message.en
    assert error.fix is not None and "save_total_limit: 1" not in error.fix.en, "not even that fits"
    assert not (run / "metrics.jsonl").read_text()
    assert not list(run.glob("checkpoint-*"))

    trained = run_forked(job, tmp_path)
    assert trained.code == 0, trained.stderr
    written = sum(p.stat().st_size for p in (run / "checkpoint-6").rglob("*") if p.is_file()) / 1e6
    assert abs(float(found[2]) - written) < 0.1 * written + 1, (found[2], written)
    assert int(found[1]) == 3, "two that stay, and one that is being written"


@pytest.mark.spares("TRN074", "TRN075")
@pytest.mark.triggers("TRN023")
@pytest.mark.parametrize("limit", [1_000_000, 4_000_000], ids=["weights", "optimizer"])
def test_a_disk_that_fills_up_in_the_middle_leaves_the_last_checkpoint_whole(
    tmp_path: Path, cache: Path, limit: int
) -> None:
    run = tmp_path / "run"
    job = make_job(run, cache, *SHORT)
    full = run_forked(job, tmp_path, prepare=("full_behind_the_first_checkpoint", str(limit)))
    assert full.code == 1, (full.stderr, full.events[-1])
    error = full.error()
    assert error.code == "TRN023"
    assert "Last good checkpoint: checkpoint-2" in error.message.en
    assert not (run / ".saving").exists(), "what is half written takes no room"
    assert {path.name for path in run.glob("checkpoint-*")} == {"checkpoint-2"}

    if limit == 1_000_000:
        again = run_forked(job, tmp_path)
        assert again.code == 0, again.stderr
        assert "resuming from checkpoint-2" in again.logs()


@pytest.mark.triggers("TRN022")
def test_memory_that_is_not_enough_is_answered_with_the_lines_to_write(
    tmp_path: Path, cache: Path
) -> None:
    job = make_job(tmp_path / "run", cache, *SHORT)
    outcome = run_forked(job, tmp_path, prepare=("no_memory", "3"))
    assert outcome.code == 1, outcome.stderr
    error = outcome.error()
    assert error.code == "TRN022"
    assert error.fix is not None
    assert "training: {activation_checkpointing: true}" in error.fix.en
    assert "max_length: 256" in error.fix.en, error.fix.en
    assert "per_device_train_batch_size" not in error.fix.en, "single rows did not fit either"
    assert list((tmp_path / "run").glob("checkpoint-2"))
