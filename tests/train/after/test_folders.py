"""What lies in a folder, what of it is published, and a folder that appears whole or not at all."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pytest
import yaml
from safetensors.numpy import save_file

from qtune.core import runconfig
from qtune.core.errors import TrainError
from qtune.core.runconfig import DataSource, Defaults
from qtune.train.after import belongings, card, staging, trained
from qtune.train.after.asked import Asked
from qtune.train.after.launch import child

WEIGHTS = {"a": __import__("numpy").zeros((4, 4), dtype="float32")}


def code(caught: pytest.ExceptionInfo[TrainError]) -> str:
    return caught.value.code


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run directory as a training leaves it, with all that does not belong to the model."""
    folder = tmp_path / "run"
    (folder / "checkpoint-4").mkdir(parents=True)
    (folder / "checkpoint-4" / "optimizer.pt").write_bytes(b"state")
    save_file(WEIGHTS, folder / "adapter_model.safetensors")
    (folder / "adapter_config.json").write_text('{"base_model_name_or_path": "Qwen/tiny"}')
    for name in ("tokenizer.json", "chat_template.jinja", "README.md", "record.json"):
        (folder / name).write_text("{}")
    for name in (".env", "metrics.jsonl", "report.html", "optimizer.pt", "training_args.bin"):
        (folder / name).write_text("HF_TOKEN=hf_secret")
    return folder


def test_an_adapter_and_a_whole_model_are_told_apart(run: Path, tmp_path: Path) -> None:
    found = trained.read(run)
    assert (found.adapter, found.base, found.config) == (True, "Qwen/tiny", None)
    model = tmp_path / "model"
    model.mkdir()
    (model / "config.json").write_text("{}")
    save_file(WEIGHTS, model / "model.safetensors")
    whole = trained.read(model)
    assert (whole.adapter, whole.base) == (False, "")


@pytest.mark.triggers("TRN100")
@pytest.mark.parametrize("state", [None, "training", "finished"])
def test_a_folder_without_a_model_is_told(tmp_path: Path, state: str | None) -> None:
    if state:
        (tmp_path / "record.json").write_text(json.dumps({"state": state}))
    with pytest.raises(TrainError) as caught:
        trained.read(tmp_path)
    assert code(caught) == "TRN100"
    assert ("not finished" in caught.value.message.en) is (state == "training")
    with pytest.raises(TrainError):
        trained.read(tmp_path / "gone")


@pytest.mark.spares("TRN100", "TRN111")
def test_a_broken_run_yaml_does_not_hide_the_model(run: Path) -> None:
    for text in ("model: [", "just words", "model: x\n", "\0"):
        (run / "run.yaml").write_text(text)
        assert trained.read(run).config is None
    trained.check_whole(run)


@pytest.mark.triggers("TRN111")
@pytest.mark.parametrize("keep", [0, 4, 20, -10])
def test_weights_that_were_cut_are_told_before_a_library_chokes_on_them(
    run: Path, keep: int
) -> None:
    path = run / "adapter_model.safetensors"
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(TrainError) as caught:
        trained.check_whole(run)
    assert code(caught) == "TRN111"
    path.write_bytes(b"\xff" * 100)
    with pytest.raises(TrainError):
        trained.check_whole(run)


def test_a_checkpoint_is_of_its_run(run: Path, tmp_path: Path) -> None:
    made, _ = runconfig.examine(
        "model: quickstart\ndata: quickstart\nenable_thinking: false\n",
        tmp_path / "run.yaml",
        defaults=Defaults("quickstart", tmp_path, tmp_path),
    )
    assert made is not None
    (run / "run.yaml").write_text(yaml.safe_dump(runconfig.resolved(made)))
    for name in ("adapter_config.json", "adapter_model.safetensors"):
        (run / "checkpoint-4" / name).write_bytes((run / name).read_bytes())
    assert trained.read(run / "checkpoint-4").enable_thinking is False
    assert trained.read(run).enable_thinking is False


def test_only_what_belongs_is_published(run: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("not for others")
    (run / "LICENSE").symlink_to(tmp_path / "secret")
    assert [path.name for path in belongings.published_files(run)] == [
        *("README.md", "adapter_config.json", "adapter_model.safetensors"),
        *("chat_template.jinja", "tokenizer.json"),
    ]


def test_what_is_shared_of_a_config_names_no_place_of_this_machine(tmp_path: Path) -> None:
    made, _ = runconfig.examine(
        f"model: quickstart\ndata: {tmp_path}/private/rows.jsonl\noutput_dir: {tmp_path}/out\n",
        tmp_path / "run.yaml",
        defaults=Defaults("quickstart", tmp_path, tmp_path),
    )
    if made is None:  # the file must be there for the config to be one
        (tmp_path / "private").mkdir()
        (tmp_path / "private/rows.jsonl").write_text("{}\n")
        made, _ = runconfig.examine(
            f"model: quickstart\ndata: {tmp_path}/private/rows.jsonl\n",
            tmp_path / "run.yaml",
            defaults=Defaults("quickstart", tmp_path, tmp_path),
        )
    assert made is not None
    from dataclasses import replace

    local = replace(
        made,
        model=str(tmp_path / "base"),
        model_path=tmp_path / "base",
        eval_data=(DataSource(tmp_path / "private/held.jsonl"),),
    )
    text = yaml.safe_dump(card.shareable(local))
    assert str(tmp_path) not in text and "rows.jsonl" in text and "held.jsonl" in text
    found = trained.Trained(tmp_path, True, str(tmp_path / "base"), local)
    written = card.card(found, str(tmp_path / "base"), {})
    assert str(tmp_path) not in written and "base_model" not in written
    named = card.card(found, "Qwen/Qwen3-4B", {})
    assert "base_model: Qwen/Qwen3-4B\n" in named and "Qwen3-4B, tuned with qtune" in named


@pytest.mark.parametrize("error", [None, KeyboardInterrupt, ValueError])
def test_a_staged_folder_appears_whole_or_not_at_all(
    tmp_path: Path, error: type[BaseException] | None
) -> None:
    target = tmp_path / "out" / "merged"
    (tmp_path / "out").mkdir()
    left = tmp_path / "out" / ".merged.exporting-of-a-killed-one"
    left.mkdir()
    try:
        with staging.staged(target) as into:
            (into / "half").write_text("x")
            assert not target.exists()
            if error is not None:
                raise error
    except (KeyboardInterrupt, ValueError):
        assert list((tmp_path / "out").iterdir()) == []
    else:
        assert (target / "half").read_text() == "x"
        assert [path.name for path in (tmp_path / "out").iterdir()] == ["merged"]


@pytest.mark.triggers("TRN106")
@pytest.mark.spares("TRN108")
def test_a_folder_that_holds_something_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full/mine").write_text("x")
    for target in (tmp_path / "full", tmp_path / "full/mine"):
        with pytest.raises(TrainError) as caught, staging.staged(target):
            raise AssertionError("never reached")
        assert code(caught) == "TRN106"
    (tmp_path / "empty").mkdir()
    with staging.staged(tmp_path / "empty"):
        pass


def test_the_room_a_merge_takes(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"dtype": "bfloat16"}')
    (tmp_path / "model.safetensors").write_bytes(bytes(1_000_000))
    as_stored = staging.needed(tmp_path, "auto")
    assert as_stored == staging.needed(tmp_path, "float16")
    assert staging.needed(tmp_path, "float32") - as_stored == pytest.approx(1_020_000, abs=2)
    assert staging.needed(None, "auto") == 0


@pytest.mark.triggers("TRN108")
def test_a_disk_without_room_is_told_before_anything_is_written(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import shutil
    from types import SimpleNamespace

    from qtune.commands.export import _check_room
    from qtune.commands.trained import Base

    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=1000))
    with pytest.raises(TrainError) as caught:
        _check_room(trained.read(run), Base(tmp_path), tmp_path / "a/b/merged", "auto")
    assert code(caught) == "TRN108"
    assert "1.0 kB are free" in caught.value.message.en


@pytest.mark.triggers("TRN103")
def test_a_child_that_is_killed_is_told_with_the_signal(tmp_path: Path) -> None:
    asked = Asked("chat", tmp_path, True, tmp_path)
    with child(asked, {**os.environ}) as holder:
        os.kill(holder._process.pid, signal.SIGKILL)
        with pytest.raises(TrainError) as caught:
            list(holder.events())
    assert code(caught) == "TRN103"
    assert "signal 9" in caught.value.message.en
