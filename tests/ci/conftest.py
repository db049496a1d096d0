"""One installation of the action's checkout for all tests; a project of its own for each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ci.runner import Runner
from tests.hub import Hub, worlds
from tests.installed import copy_source

ROW = '{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}\n'


@pytest.fixture(scope="session")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("action") / "qtune"
    copy_source(folder)
    return folder


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "data.jsonl").write_text(ROW)
    (folder / "sft.yaml").write_text(f"model: {worlds.QWEN}\ndata: data.jsonl\n")
    (folder / ".env.example").write_text("USE_MODELSCOPE=False\nHF_TOKEN=\n")
    return folder


@pytest.fixture
def job(hub: Hub) -> Iterator[dict[str, str]]:
    """What the project sets for its jobs: where the hubs are."""
    yield {
        "HF_ENDPOINT": hub.hf_url,
        "MODELSCOPE_ENDPOINT": hub.ms_url,
        "QTUNE_TRUSTED_HOSTS": "127.0.0.1",
    }


@pytest.fixture
def runner(checkout: Path, workspace: Path, tmp_path: Path) -> Runner:
    return Runner(checkout, workspace, tmp_path / "temp")
