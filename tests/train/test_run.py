"""Real trainings of the tiny model: the loss falls, a kill costs nothing, nothing leaks."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from qtune.core import runconfig
from qtune.train.events import Done, Event, Saved, Started, Step
from qtune.train.job import Job
from tests.train.runs import Outcome, environ, make_job, metrics, run_child

pytestmark = pytest.mark.slow

# Five steps an epoch; learning by heart is not what is tested here.
SHORT = (
    "training.per_device_train_batch_size=16",
    "training.gradient_accumulation_steps=2",
    "training.max_steps=24",
    "training.num_train_epochs=",
    "training.save_steps=4",
    "training.logging_steps=1",
)


@dataclass
class Trained:
    folder: Path
    job: Job
    outcome: Outcome

    @property
    def run(self) -> Path:
        return self.job.config.output_dir


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Trained:
    """One undisturbed training, which several tests look at."""
    folder = tmp_path_factory.mktemp("trained")
    job = make_job(folder / "run", cache, *SHORT)
    return Trained(folder, job, run_child(job, environ(folder)))


@pytest.mark.spares("TRN020", "TRN021", "TRN040", "TRN043")
def test_the_loss_falls(trained: Trained) -> None:
    assert trained.outcome.code == 0, trained.outcome.stderr
    losses = [line["loss"] for line in metrics(trained.run)]
    assert losses[0] > 7
    assert losses[-1] < losses[0] - 1.5


def test_the_events_tell_the_course(trained: Trained) -> None:
    events = trained.outcome.events
    steps = [event for event in events if isinstance(event, Step)]
    assert [step.step for step in steps] == list(range(1, 25))
    assert [e for e in events if isinstance(e, Started)] == [Started(24, 0, 168)]
    assert [e.step for e in events if isinstance(e, Saved)] == [4, 8, 12, 16, 20, 24]
    assert events[-1] == Done(24, steps[-1].loss, str(trained.run))
    assert steps[-1].tokens > steps[0].tokens > 0
    assert [vars(step) for step in steps] == metrics(trained.run)


def test_the_run_directory_is_complete_and_only_the_newest_checkpoints_stay(
    trained: Trained,
) -> None:
    names = {path.name for path in trained.run.iterdir()}
    assert names >= {
        *("adapter_config.json", "adapter_model.safetensors", "tokenizer.json"),
        *("tokenizer_config.json", "chat_template.jinja", "run.yaml", "metrics.jsonl"),
        *("record.json", "README.md", "checkpoint-20", "checkpoint-24"),
    }
    assert not {name for name in names if name.startswith((".saving", "training_args"))}
    assert len([name for name in names if name.startswith("checkpoint-")]) == 2
    resolved = yaml.safe_load((trained.run / "run.yaml").read_text("utf-8"))
    assert runconfig.restore(resolved) == trained.job.config


def test_the_base_model_is_named_by_its_id_and_no_file_knows_the_snapshot(
    trained: Trained,
) -> None:
    adapter = json.loads((trained.run / "adapter_config.json").read_text())
    assert adapter["base_model_name_or_path"] == "Qwen/tiny"
    assert "base_model: Qwen/tiny" in (trained.run / "README.md").read_text()
    local = str(trained.job.snapshot).encode()
    leaking = [p for p in trained.run.rglob("*") if p.is_file() and local in p.read_bytes()]
    assert leaking == []


def test_nothing_reached_for_the_network(trained: Trained) -> None:
    assert trained.outcome.code == 0
    assert not (trained.folder / "calls.txt").exists()


def test_the_adapter_loads_and_generates_offline(trained: Trained, tmp_path: Path) -> None:
    code = f"""
import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer
base = AutoModelForCausalLM.from_pretrained({str(trained.job.snapshot)!r})
tokenizer = AutoTokenizer.from_pretrained({str(trained.run)!r})
model = PeftModel.from_pretrained(base, {str(trained.run)!r}).eval()
batch = tokenizer.apply_chat_template(
    [{{"role": "user", "content": "hi"}}],
    add_generation_prompt=True, return_tensors="pt", return_dict=True,
)
with torch.no_grad():
    tuned = model(**batch).logits
    with model.disable_adapter():
        plain = model(**batch).logits
assert (tuned - plain).abs().max() > 0.1, "the adapter changes nothing"
print(model.generate(**batch, max_new_tokens=5, do_sample=False).shape[0])
"""
    import sys

    done = subprocess.run(
        [sys.executable, "-c", code],
        env=environ(tmp_path),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "1"


@pytest.mark.spares("TRN030", "TRN031")
def test_a_finished_run_says_so_and_more_steps_go_on_from_its_end(
    trained: Trained, tmp_path: Path, cache: Path
) -> None:
    import shutil

    run = tmp_path / "run"
    shutil.copytree(trained.run, run)
    before = (run / "adapter_model.safetensors").read_bytes()
    again = run_child(make_job(run, cache, *SHORT), environ(tmp_path))
    assert again.code == 0
    assert any(
        "finished (24 steps): raise training.max_steps to go on" in line for line in again.logs()
    )
    assert (run / "adapter_model.safetensors").read_bytes() == before

    longer = make_job(run, cache, *SHORT, "training.max_steps=26", "training.logging_steps=2")
    more = run_child(longer, environ(tmp_path))
    assert more.code == 0, more.stderr
    assert Started(26, 24, 168) in more.events
    assert [line["step"] for line in metrics(run)] == [*range(1, 25), 26]
    assert (run / "adapter_model.safetensors").read_bytes() != before


def test_killed_again_and_again_it_ends_as_if_undisturbed(
    trained: Trained, tmp_path: Path, cache: Path
) -> None:
    """kill -9 between checkpoints, kill -9 during a save, then a checkpoint spoilt on the disk."""
    run = tmp_path / "run"
    job, environment = make_job(run, cache, *SHORT), environ(tmp_path)

    def kill_after_step_6(child: subprocess.Popen[str], event: Event) -> None:
        if isinstance(event, Step) and event.step == 6:
            child.kill()

    def kill_while_saving(child: subprocess.Popen[str], event: Event) -> None:
        # The step of a checkpoint is told right before it is saved.
        if isinstance(event, Step) and event.step == 16:
            while child.poll() is None and not (run / ".saving" / "checkpoint-16").exists():
                pass
            child.kill()

    first = run_child(job, environment, kill_after_step_6)
    assert first.code == -9
    assert not (run / "adapter_model.safetensors").exists()

    second = run_child(job, environment, kill_while_saving)
    assert second.code == -9
    assert "resuming from checkpoint-4" in second.logs()
    whole = [p.name for p in run.glob("checkpoint-*")]
    newest = max(whole, key=lambda name: int(name.split("-")[1]))
    optimizer = run / newest / "optimizer.pt"
    optimizer.write_bytes(optimizer.read_bytes()[:-100])

    third = run_child(job, environment)
    assert third.code == 0, third.stderr
    assert f"{newest} is torn; removed" in third.logs()
    before = "checkpoint-8" if newest == "checkpoint-12" else "checkpoint-12"
    assert f"resuming from {before}" in third.logs()
    assert not (run / ".saving").exists()

    def course(folder: Path) -> list[dict[str, float]]:
        return [
            {k: v for k, v in line.items() if k not in ("time", "memory")}
            for line in metrics(folder)
        ]

    assert course(run) == course(trained.run)
    for name in ("adapter_model.safetensors", "tokenizer.json", "adapter_config.json"):
        assert (run / name).read_bytes() == (trained.run / name).read_bytes(), name


@pytest.mark.triggers("TRN030")
def test_a_changed_config_is_not_mixed_into_a_begun_run(
    trained: Trained, tmp_path: Path, cache: Path
) -> None:
    import shutil

    run = tmp_path / "run"
    shutil.copytree(trained.run, run)
    before = (run / "metrics.jsonl").read_bytes()
    changed = make_job(run, cache, *SHORT, "training.learning_rate=0.001", "lora.r=4")
    outcome = run_child(changed, environ(tmp_path))
    assert outcome.code == 1
    error = outcome.error()
    assert error.code == "TRN030"
    assert "training.learning_rate: 0.003 -> 0.001" in error.message.en
    assert "lora.r: 16 -> 4" in error.message.en
    assert error.fix is not None and "output_dir" in error.fix.en
    assert (run / "metrics.jsonl").read_bytes() == before


@pytest.mark.triggers("TRN020")
def test_a_loss_that_is_no_number_stops_the_run_and_spoils_no_checkpoint(
    tmp_path: Path, cache: Path
) -> None:
    run = tmp_path / "run"
    wild = (
        "training.learning_rate=1e38",
        "training.warmup_steps=0",
        "training.max_grad_norm=0",
        "training.logging_steps=10",
        "training.save_steps=2",
    )
    outcome = run_child(make_job(run, cache, *SHORT, *wild), environ(tmp_path))
    assert outcome.code == 1, outcome.stderr
    assert outcome.error().code == "TRN020"
    assert "Last good checkpoint: none" in outcome.error().message.en
    assert list(run.glob("checkpoint-*")) == []
