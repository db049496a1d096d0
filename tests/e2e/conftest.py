"""One installed qtune and one small trainable model for all scenarios."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.road import Road, road
from tests.installed import build_wheel, install


@pytest.fixture(scope="session")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of a virtual environment that holds the built wheel."""
    wheel = build_wheel(tmp_path_factory.mktemp("build"))
    return install(wheel, tmp_path_factory.mktemp("installed") / "venv")


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The files of the quickstart's Qwen3, to be served under other names."""
    folder = tmp_path_factory.mktemp("tiny") / "model"
    code = "import sys, pathlib; from qtune.train.quickstart import model; model.ensure(pathlib.Path(sys.argv[1]))"
    subprocess.run([sys.executable, "-c", code, str(folder)], check=True, capture_output=True)
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture
def way(tmp_path: Path, python: Path, tiny: dict[str, bytes]) -> Iterator[Road]:
    """Both hubs healthy; Qwen on both, Llama gated and on Hugging Face only."""
    project = tmp_path / "project"
    project.mkdir()
    with road(project, python, tiny) as running:
        yield running
