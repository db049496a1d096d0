"""What is installed is what the tree holds: every package is listed, and the wheel leaves no stray names."""

from __future__ import annotations

import subprocess
import tomllib
import zipfile
from pathlib import Path

import pytest

from tests.installed import ROOT, build_wheel, install
from tests.train.runs import environ


def test_every_package_is_listed() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    setuptools = project["tool"]["setuptools"]
    found = {
        ".".join((name, *init.parent.relative_to(ROOT / folder).parts))
        for name, folder in setuptools["package-dir"].items()
        for init in (ROOT / folder).rglob("__init__.py")
        if name != "qtune"
        or init.parent.relative_to(ROOT / folder).parts[:1] in ((), ("commands",))
    }
    assert sorted(setuptools["packages"]) == sorted(found)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_wheel(tmp_path_factory.mktemp("build"))


@pytest.mark.slow
def test_the_wheel_holds_only_qtune_and_all_its_data(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    tops = {name.partition("/")[0] for name in names if ".dist-info/" not in name}
    assert tops == {"qtune"}
    assert {
        "qtune/py.typed",
        "qtune/core/page.css",
        "qtune/core/schema/lora_config.json",
        "qtune/core/schema/training_arguments.json",
        "qtune/train/quickstart/instructions.jsonl",
        "qtune/train/quickstart/quickstart.yaml",
        "qtune/train/quickstart/chat_template.jinja",
    } <= set(names)


@pytest.mark.slow
def test_the_installed_wheel_runs_and_reads_its_data(wheel: Path, tmp_path: Path) -> None:
    python = install(wheel, tmp_path / "venv")
    command = [str(python), "-m", "qtune", "run", "quickstart", "--dry-run"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=120)
    assert done.returncode == 0, done.stderr
    assert "quickstart" in done.stdout
    code = "import qtune.core.table as t; print(t.__file__)"
    origin = subprocess.run(
        [python, "-c", code], capture_output=True, text=True, cwd=tmp_path, check=True
    )
    assert Path(origin.stdout.strip()).is_relative_to(tmp_path)


@pytest.mark.slow
def test_a_whole_run_from_the_wheel_asks_nobody_on_the_network(wheel: Path, tmp_path: Path) -> None:
    python = install(wheel, tmp_path / "venv")
    settings = environ(tmp_path, XDG_CACHE_HOME=str(tmp_path / "cache"), HOME=str(tmp_path))
    command = [str(python), "-m", "qtune", "run", "quickstart", "training.max_steps=2"]
    done = subprocess.run(
        command, capture_output=True, text=True, cwd=tmp_path, env=settings, timeout=300
    )
    assert done.returncode == 0, done.stderr
    run = Path(done.stdout.strip())
    for name in ("adapter_model.safetensors", "metrics.jsonl", "record.json", "report.html"):
        assert (run / name).is_file(), name
    assert not (tmp_path / "calls.txt").exists()


@pytest.mark.slow
def test_a_plain_install_needs_no_torch(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        metadata = next(name for name in archive.namelist() if name.endswith("METADATA"))
        needs = [
            line.removeprefix("Requires-Dist: ")
            for line in archive.read(metadata).decode().splitlines()
            if line.startswith("Requires-Dist: ") and "extra ==" not in line
        ]
    names = {need.partition(">")[0].partition("[")[0].strip() for need in needs}
    assert {"click", "rich", "httpx", "huggingface_hub", "modelscope"} <= names
    assert not names & {"torch", "transformers", "peft", "accelerate", "datasets", "pygls"}
