"""`snapshot` as a library: one call, the settings of the folder one works in, a path."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from qtune.core.download import snapshot
from qtune.core.download.events import Event, Finished
from qtune.core.errors import ConfigError, UsageError
from tests.core.download.downloading import FROM_HF, ROOT, at, contents, expected
from tests.hub import Hub, worlds

REPO = worlds.qwen3()


def test_with_settings_it_gives_the_folder(hub: Hub, tmp_path: Path) -> None:
    events: list[Event] = []
    path = snapshot(REPO.id, at(hub, tmp_path, **FROM_HF), tell=events.append)
    assert contents(path) == expected(REPO)
    assert isinstance(events[-1], Finished) and events[-1].path == str(path)


def test_what_is_chosen_and_where_it_goes_are_the_callers(hub: Hub, tmp_path: Path) -> None:
    folder = tmp_path / "here"
    settings = at(hub, tmp_path, **FROM_HF)
    path = snapshot(
        REPO.id, settings, include=["*.json"], exclude=["vocab*"], local_dir=folder, revision="main"
    )
    assert path == folder
    assert {p.suffix for p in folder.iterdir() if p.is_file()} == {".json"}
    assert not (folder / "vocab.json").exists()


def test_without_settings_the_dotenv_of_the_folder_counts(hub: Hub, tmp_path: Path) -> None:
    """In a process of its own, which has none of our variables."""
    (tmp_path / ".env").write_text(
        f"USE_MODELSCOPE=False\nHF_ENDPOINT={hub.hf_url}\nHF_HOME={tmp_path / 'hf'}\n"
    )
    code = (
        "import json; from qtune.core.download import snapshot\n"
        f"print(json.dumps(str(snapshot({REPO.id!r}))))"
    )
    environ = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), "HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert contents(Path(json.loads(done.stdout))) == expected(REPO)
    assert "modelscope" not in {r.origin for r in hub.requests}


def test_settings_that_cannot_be_used_are_told_before_anything_is_asked(
    hub: Hub, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError):
        snapshot(REPO.id, at(hub, tmp_path, QTUNE_CONNECTIONS="many"))
    with pytest.raises(UsageError):
        snapshot("../x", at(hub, tmp_path, **FROM_HF))
    assert hub.requests == []
