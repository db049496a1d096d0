"""`qtune run` up to the point where torch is needed; the training itself is in tests/train and tests/e2e."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from fnmatch import fnmatch
from pathlib import Path

import pytest
from rich.cells import cell_len

from tests.commands.conftest import Shell
from tests.hub import Fault, Hub, worlds

ROWS = [{"instruction": f"say {n}", "output": str(n)} for n in range(40)]


@pytest.fixture
def config(online: Shell) -> Path:
    """A run config in the project's folder; `Qwen/Qwen3-4B`, forty rows."""
    (online.folder / "train.jsonl").write_text(
        "".join(json.dumps(row) + "\n" for row in ROWS), "utf-8"
    )
    path = online.folder / "sft.yaml"
    path.write_text("model: Qwen/Qwen3-4B\ndata: train.jsonl\n", "utf-8")
    return path


def test_the_dry_run_tells_the_plan_and_sends_nothing(
    online: Shell, hub: Hub, config: Path
) -> None:
    done = online.qtune("run", "sft.yaml", "--dry-run")
    assert done.returncode == 0, done.stderr
    assert "to be downloaded from ModelScope: USE_MODELSCOPE=True (the default)" in done.stdout
    assert "40 rows" in done.stdout
    assert "15 (5 an epoch × 3 epochs, 8 rows a step)" in done.stdout
    assert "if that fails: Hugging Face" in done.stdout
    assert str(online.folder / "runs/sft") in done.stdout
    assert hub.requests == []


def test_the_dry_run_imports_no_torch_and_no_http(online: Shell, hub: Hub, config: Path) -> None:
    code = (
        "import sys\nfrom qtune.cli import main\n"
        "try: main(['run', 'sft.yaml', '--dry-run'])\nexcept SystemExit as e: assert not e.code\n"
        "print(*{'torch', 'transformers', 'peft', 'huggingface_hub', 'modelscope'} & set(sys.modules), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=online.folder,
        env=online.environment({}),
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr.strip()) == (0, "")


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_plan_fits_the_width_of_the_terminal(
    online: Shell, hub: Hub, config: Path, lang: str
) -> None:
    """Every line begins at its label or below the words of the one before; a path stays whole."""
    (online.folder / "model").mkdir()
    (online.folder / "model/config.json").write_bytes(worlds.qwen3().files["config.json"])
    for width in ("60", "80"):
        done = online.qtune(
            "run", "sft.yaml", "model=./model", "--dry-run", QTUNE_LANG=lang, COLUMNS=width
        )
        assert done.returncode == 0, done.stderr
        lines = done.stdout.splitlines()
        wide = [line for line in lines if cell_len(line) > int(width) and "/" not in line]
        assert wide == []
        assert any(cell_len(line) > 40 for line in lines)
    memory = next(n for n, line in enumerate(lines) if line.startswith(("memory ", "显存")))
    assert lines[memory + 1].startswith(" " * 8)
    words = {"en": "where a row fills max_length", "zh": "数据达到 max_length 时"}
    assert words[lang] in " ".join(" ".join(lines[memory:]).split())


@pytest.mark.triggers("TRN003")
def test_a_dry_run_of_no_data_tells_no_plan(online: Shell, hub: Hub, config: Path) -> None:
    (online.folder / "train.jsonl").write_text("", "utf-8")
    done = online.qtune("run", "sft.yaml", "--dry-run")
    assert done.returncode == 1
    assert "TRN003" in done.stderr
    assert done.stdout == ""


@pytest.mark.triggers("TRN005")
@pytest.mark.spares("TRN003")
def test_neither_does_one_of_data_that_cannot_be_used(
    online: Shell, hub: Hub, config: Path
) -> None:
    (online.folder / "train.jsonl").write_text('{"foo": 1}\n' * 5, "utf-8")
    done = online.qtune("run", "sft.yaml", "--dry-run")
    assert (done.returncode, done.stdout) == (1, "")
    assert "TRN005" in done.stderr and "train.jsonl:1" in done.stderr


@pytest.mark.triggers("CFG005")
@pytest.mark.spares("CFG011")
def test_overrides_count_and_are_named_when_they_are_wrong(
    online: Shell, hub: Hub, config: Path
) -> None:
    done = online.qtune("run", "sft.yaml", "training.num_train_epochs=1", "--dry-run")
    assert "5 (5 an epoch × 1 epoch," in done.stdout
    done = online.qtune("run", "sft.yaml", "lora.rr=16", "--dry-run")
    assert done.returncode == 2
    assert "lora.rr" in done.stderr and "CFG005" in done.stderr


def test_every_error_of_a_config_is_told_with_its_line(
    online: Shell, hub: Hub, config: Path
) -> None:
    config.write_text("modle: x\ndata: nowhere.jsonl\ntuning: lorra\n", "utf-8")
    done = online.qtune("run", "sft.yaml")
    assert done.returncode == 2
    for place in ("sft.yaml:1", "sft.yaml:2", "sft.yaml:3"):
        assert place in done.stderr
    assert hub.requests == []


@pytest.mark.triggers("ENV805")
def test_a_setting_that_cannot_be_used_stops_the_run_and_names_its_line(
    online: Shell, hub: Hub, config: Path
) -> None:
    (online.folder / ".env").write_text("# x\nUSE_MODELSCOPE=ture\n", "utf-8")
    done = online.qtune("run", "sft.yaml")
    assert done.returncode == 2
    assert "ENV805" in done.stderr and ".env line 2" in done.stderr


@pytest.mark.triggers("TRN005")
def test_bad_data_is_refused_before_anything_is_downloaded(
    online: Shell, hub: Hub, config: Path
) -> None:
    (online.folder / "train.jsonl").write_text('{"foo": 1}\n' * 5, "utf-8")
    done = online.qtune("run", "sft.yaml")
    assert done.returncode == 1
    assert "TRN005" in done.stderr and "train.jsonl:1" in done.stderr
    assert hub.requests == []


def test_offline_without_the_model_is_one_clear_error(
    online: Shell, hub: Hub, config: Path
) -> None:
    done = online.qtune("run", "sft.yaml", "--offline", "--no-preflight")
    assert done.returncode == 1
    assert "error[DWN" in done.stderr
    assert hub.requests == []


@pytest.mark.triggers("GATE401")
def test_the_preflight_stops_a_run_that_would_fail(online: Shell, hub: Hub, config: Path) -> None:
    done = online.qtune("run", "sft.yaml", "model=meta-llama/Llama-2-7b-hf", USE_MODELSCOPE="False")
    assert done.returncode == 1
    assert "GATE401" in done.stderr
    assert done.stdout == ""
    assert [r for r in hub.requests if r.origin in ("cdn", "ms-cdn")] == []


@pytest.mark.triggers("CFG001")
def test_a_config_that_is_not_there_is_named(online: Shell) -> None:
    done = online.qtune("run", "nowhere.yaml")
    assert done.returncode == 2
    assert "CFG001" in done.stderr and "nowhere.yaml" in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="a console event, not a signal")
def test_stopped_while_it_downloads_it_names_the_run_that_goes_on(
    online: Shell, hub: Hub, config: Path
) -> None:
    hub.fault(Fault("slow", "*cdn", bytes_per_second=1000))
    child = online.start("run", config.name, "--no-preflight")
    shards = "*.safetensors"
    asked = hub.wait_for(
        lambda seen: any(fnmatch(r.path + r.query.get("FilePath", ""), shards) for r in seen), 30
    )
    child.send_signal(signal.SIGINT)
    out, err = child.communicate(timeout=30)
    assert asked
    assert (child.returncode, out) == (130, b""), err
    command = f"qtune run {config.name} --no-preflight"
    assert err.decode().splitlines()[-1] == (
        f"Stopped; everything fetched is kept. Go on with: {command}"
    )
