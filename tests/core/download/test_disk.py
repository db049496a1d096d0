"""A disk that is full, or fails: one clear error, and the next run goes on."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from qtune.core.errors import DownloadError
from tests.core.download.downloading import (
    CHILD,
    FROM_HF,
    ROOT,
    Changes,
    at,
    child,
    contents,
    expected,
    finished,
    get,
    kept,
    repo_folder,
)
from tests.hub import Hub, worlds

SHARD = 300_000
ONE: Changes = {"QTUNE_CONNECTIONS": "1"}


@pytest.mark.triggers("DSK600")
@pytest.mark.spares("DSK600")
def test_too_little_room_is_known_before_the_first_byte(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo = worlds.qwen3()
    monkeypatch.setattr("qtune.core.download.room.free_bytes", lambda folder: repo.size - 1)
    with pytest.raises(DownloadError) as caught:
        get(hub, tmp_path, repo.id, **FROM_HF)
    assert caught.value.code == "DSK600"
    assert hub.seen("cdn") == []
    monkeypatch.setattr("qtune.core.download.room.free_bytes", lambda folder: repo.size + 64 * 1024)
    assert contents(get(hub, tmp_path, repo.id, **FROM_HF).path) == expected(repo)


@pytest.mark.skipif(sys.platform != "linux", reason="needs a private mount")
def test_a_disk_that_fills_up_in_the_middle_ends_in_one_error_and_goes_on(tmp_path: Path) -> None:
    """A tmpfs whose free space others take while the download runs, and that cannot promise any before."""
    if subprocess.run(["unshare", "-rm", "true"], capture_output=True, check=False).returncode:
        pytest.skip("this machine lets nobody mount")
    repo = worlds.qwen3(SHARD)
    home = tmp_path / "disk"
    home.mkdir()
    with Hub([repo]) as hub:
        environ = {v.setting.key: v.text for v in at(hub, home, **ONE, **FROM_HF) if v.text}
        given = json.dumps({"repo": repo.id, "environ": environ})
        code = (
            "import shutil; shutil.disk_usage = lambda p: shutil._ntuple_diskusage(1e12, 0, 1e12)\n"
            "from qtune.core.download import preallocate as p; p._reserve = lambda: p._nothing\n"
        )
        script = (
            f"mount -t tmpfs -o size=400k none {home} && "
            f"{sys.executable} -c \"$CODE\" '{given}'; cp -r {home} {tmp_path}/kept"
        )
        run = subprocess.run(
            ["unshare", "-rm", "sh", "-c", script],
            capture_output=True,
            text=True,
            cwd=ROOT,
            env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), "CODE": code + CHILD},
            check=False,
        )
        assert "ERROR DSK600" in run.stdout, run.stdout + run.stderr
        assert "what was downloaded is kept" in run.stdout
        shutil.copytree(tmp_path / "kept", home, dirs_exist_ok=True, symlinks=True)
        large = sum(f.size for f in repo.entries.values() if f.large)
        blobs = repo_folder(home, repo.id) / "blobs"
        whole = [f for f in repo.entries.values() if f.large and (blobs / f.etag).exists()]
        before = kept(home, repo.id) + sum(f.size for f in whole)
        assert 0 < before < large
        hub.forget()
        found = get(hub, home, repo.id, **FROM_HF)
        assert contents(found.path) == expected(repo)
        assert found.bytes_fetched < repo.size
        assert sum(r.body_bytes_sent for r in hub.seen("cdn")) == large - before


@pytest.mark.skipif(sys.platform == "win32", reason="no such limit")
def test_a_write_that_the_system_refuses_is_one_clear_error(tmp_path: Path) -> None:
    """RLIMIT_FSIZE makes the kernel refuse to let a file grow, as a full quota does."""
    repo = worlds.qwen3(SHARD)
    with Hub([repo]) as hub:
        environ = {v.setting.key: v.text for v in at(hub, tmp_path, **FROM_HF) if v.text}
        given = json.dumps({"repo": repo.id, "environ": environ})
        limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))\n"
        run = subprocess.run(
            [sys.executable, "-c", limit + CHILD, given],
            capture_output=True,
            text=True,
            cwd=ROOT,
            env={"PYTHONPATH": str(ROOT)},
            check=False,
        )
        assert "ERROR DSK600" in run.stdout, run.stdout + run.stderr
        assert "Traceback" not in run.stderr
        assert "DONE" in finished(child(hub, tmp_path, repo.id, **FROM_HF))


@pytest.mark.triggers("DWN007")
def test_a_cache_that_is_a_file_is_one_clear_error(hub: Hub, tmp_path: Path) -> None:
    (tmp_path / "hf").write_text("not a folder")
    with pytest.raises(DownloadError) as caught:
        get(hub, tmp_path, worlds.QWEN, **FROM_HF)
    assert caught.value.code == "DWN007"
    assert str(tmp_path / "hf") in caught.value.message.en
