"""A dry run tells the memory of a model that is here, and the doctor reckons with the run config's own numbers."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from qtune.commands.target import read_target
from qtune.core.settings import resolve
from qtune.core.workload import Workload
from tests.commands.conftest import Shell
from tests.hub import Hub, worlds

CONFIG = worlds.qwen3().files["config.json"]


@pytest.fixture
def project(online: Shell) -> Path:
    """A run config over a local folder that holds the config.json of Qwen3-4B."""
    (online.folder / "train.jsonl").write_text('{"instruction": "a", "output": "b"}\n', "utf-8")
    (online.folder / "model").mkdir()
    (online.folder / "model/config.json").write_bytes(CONFIG)
    (online.folder / "sft.yaml").write_text("model: ./model\ndata: train.jsonl\n", "utf-8")
    return online.folder


def dry(online: Shell, *more: str, **environ: str) -> str:
    done = online.qtune("run", "sft.yaml", *more, "--dry-run", **environ)
    assert done.returncode == 0, done.stderr
    return done.stdout


def told(plan: str) -> list[str]:
    """What is said about the memory, its lines put together again."""
    found = re.findall(r"^memory +(.*(?:\n {8}.*)*)", plan, re.M)
    return [" ".join(words.split()) for words in found]


def test_the_dry_run_tells_the_memory_of_a_local_model(
    online: Shell, hub: Hub, project: Path
) -> None:
    (line,) = told(dry(online))
    assert "about 9.2 GiB of a GPU in bfloat16" in line
    assert "weights 7.5" in line and "activations 0.9" in line
    assert "in float32" in told(dry(online, QTUNE_DTYPE="float32"))[0]
    shorter = dry(online, "max_length=256")
    assert told(shorter) and told(shorter) != [line]
    assert hub.requests == []


def test_a_cached_model_s_memory_is_told_too(online: Shell, hub: Hub, project: Path) -> None:
    (project / "sft.yaml").write_text(f"model: {worlds.QWEN}\ndata: train.jsonl\n", "utf-8")
    assert not told(dry(online))  # nothing is here to tell it by
    done = online.qtune("download", worlds.QWEN)
    assert done.returncode == 0, done.stderr
    assert "about 9.2 GiB of a GPU" in dry(online)


def test_an_unknown_model_gets_a_reason_and_no_number(
    online: Shell, hub: Hub, project: Path
) -> None:
    (project / "model/config.json").write_text('{"model_type": "mamba"}', "utf-8")
    assert "cannot be told: models of the type mamba are not known" in dry(online)


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[" * 100_000])
def test_a_spoilt_config_is_no_line_and_no_crash(
    online: Shell, hub: Hub, project: Path, content: bytes
) -> None:
    (project / "model/config.json").write_bytes(content)
    assert not told(dry(online))


def test_the_goal_of_a_run_config_carries_its_numbers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "train.jsonl").write_text(json.dumps({"instruction": "a", "output": "b"}), "utf-8")
    config = tmp_path / "sft.yaml"
    config.write_text("data: train.jsonl\nmax_length: 512\nlora: {r: 4}\n", "utf-8")
    settings = resolve()
    assert read_target(str(config), "train", settings).goal.training == Workload(
        rank=4, max_length=512
    )
    assert read_target(str(config), "download", settings).goal.training is None
    assert read_target("a/b", "train", settings).goal.training is None
