"""What is fetched and what is copied need room together, and that is asked before either begins."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from tests.core.download.downloading import FROM_HF, FROM_MS, Changes, at, bodies, get
from tests.core.download.mounted import run
from tests.hub import Hub, Repo

MEBI = 1 << 20
ID = "acme/twins"
CODE = """
import json, pathlib, sys
from qtune.core.download import download
from qtune.core.errors import DownloadError
from qtune.core.settings import resolve
given, disk = json.loads(sys.argv[2]), pathlib.Path(sys.argv[1])
local = disk / "model" if given["local"] else None
try:
    found = download(given["repo"], resolve(environ=given["environ"]), local_dir=local)
    print("whole", sorted(path.name for path in found.path.rglob("*.safetensors")))
except DownloadError as error:
    print(error.code, error.message.en)
print(sum(p.stat().st_blocks * 512 for p in disk.rglob("*") if p.is_file() and p.stat().st_size > 99_999))
"""


def _repo(*contents: int) -> Repo:
    """Files of a mebibyte; equal numbers are equal contents."""
    named = {
        f"model-{place}.safetensors": random.Random(seed).randbytes(MEBI)
        for place, seed in enumerate(contents)
    }
    return Repo(ID, {"config.json": b"{}", **named})


def _on(disk: Path, size: str, hub: Hub, *, local: bool, **changes: str) -> list[str]:
    settings = at(hub, disk, **changes)
    environ = {value.setting.key: value.text for value in settings if value.text}
    given = {"repo": ID, "local": local, "environ": environ}
    disk.mkdir()
    return run(disk, f"size={size}", CODE, json.dumps(given)).splitlines()


@pytest.mark.parametrize("local", [False, True], ids=["without links", "local-dir"])
def test_one_content_under_two_paths_takes_room_twice_where_nothing_is_linked(
    tmp_path: Path, local: bool
) -> None:
    changes: Changes = {**FROM_HF, "HF_HUB_DISABLE_SYMLINKS": "1"}
    with Hub([_repo(1, 1)]) as hub:
        code, held = _on(tmp_path / "small", "1500k", hub, local=local, **changes)
        assert code.startswith("DSK600 2.1 MB are still to come") and held == "0"
        assert bodies(hub, "model-") == 0
        said = _on(tmp_path / "large", "2500k", hub, local=local, **changes)
    assert said[0] == "whole ['model-0.safetensors', 'model-1.safetensors']"


def test_with_links_it_takes_room_once(tmp_path: Path) -> None:
    with Hub([_repo(1, 1)]) as hub:
        said = _on(tmp_path / "small", "1500k", hub, local=False, **FROM_HF)
    assert said[0] == "whole ['model-0.safetensors', 'model-1.safetensors']"


@pytest.mark.parametrize("offline", ["0", "1"], ids=["online", "offline"])
def test_what_is_copied_from_the_cache_is_counted_before_it_is_copied(
    tmp_path: Path, offline: str
) -> None:
    home: Changes = {**FROM_HF, "HF_HOME": str(tmp_path / "home" / "hf")}
    with Hub([_repo(1, 2)]) as hub:
        get(hub, tmp_path / "home", ID, **FROM_HF)
        changes: Changes = {**home, "HF_HUB_OFFLINE": offline}
        code, held = _on(tmp_path / "small", "1500k", hub, local=True, **changes)
        assert code.startswith("DSK600 2.1 MB are still to come") and held == "0"
        said = _on(tmp_path / "large", "2500k", hub, local=True, **changes)
    assert said[0] == "whole ['model-0.safetensors', 'model-1.safetensors']"


def test_what_is_copied_and_what_is_fetched_are_one_sum(tmp_path: Path) -> None:
    """ModelScope's client has one of two files, on another disk."""
    repo = _repo(1, 2)
    theirs = tmp_path / "ms" / "models" / "acme--twins" / "snapshots" / "master"
    theirs.mkdir(parents=True)
    (theirs / "model-0.safetensors").write_bytes(repo.files["model-0.safetensors"])
    changes: Changes = {**FROM_MS, "MODELSCOPE_CACHE": str(tmp_path / "ms")}
    with Hub([repo]) as hub:
        code, held = _on(tmp_path / "small", "1500k", hub, local=False, **changes)
        assert code.startswith("DSK600 2.1 MB are still to come") and held == "0"
        assert bodies(hub, "model-") == 0
        said = _on(tmp_path / "large", "2500k", hub, local=False, **changes)
    assert said[0] == "whole ['model-0.safetensors', 'model-1.safetensors']"
