"""Cases 30 and 40: a transformers older than the model, and a cache too small for it."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.commands.conftest import Shell
from tests.doctor.examining import Machine, only
from tests.hub import Hub, worlds


@pytest.mark.triggers("PKG701")
def test_case_30_a_transformers_that_does_not_recognize_the_architecture(
    way: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    metadata = way.project / "site/transformers-4.50.3.dist-info/METADATA"
    metadata.parent.mkdir(parents=True)
    metadata.write_text("Metadata-Version: 2.1\nName: transformers\nVersion: 4.50.3\n")
    monkeypatch.syspath_prepend(str(way.project / "site"))
    finding = only(way.examine(kind="train", skip=("torch", "accelerator", "imports")), "PKG701")
    assert "qwen3" in finding.message.en and "4.51" in finding.message.en


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[tuple[Shell, Path]]:
    with Hub([worlds.qwen3(3_000_000)]) as hub:
        environ = {"HF_ENDPOINT": hub.hf_url, "MODELSCOPE_ENDPOINT": hub.ms_url}
        (tmp_path / "disk").mkdir()
        yield Shell(tmp_path, environ), tmp_path / "disk"


@pytest.mark.triggers("DSK600")
@pytest.mark.spares("DSK600")
@pytest.mark.skipif(sys.platform != "linux", reason="needs a private mount")
def test_case_40_the_disk_of_the_cache_is_smaller_than_the_model(
    small_disk: tuple[Shell, Path],
) -> None:
    """Errno 28 in the middle of a download, or a file of the wrong size after it."""
    if subprocess.run(["unshare", "-rm", "true"], capture_output=True, check=False).returncode:
        pytest.skip("this machine lets nobody mount")
    shell, disk = small_disk
    look = ("doctor", "--for", "download", "--no-speed", "--only", "DSK600", "--format", "json")
    for room, told in (("4m", ["DSK600"]), ("64g", [])):
        mount = f"mount -t tmpfs -o size={room} none {disk}"
        command = f"{mount} && exec {shlex.join(shell.command(*look))}"
        done = subprocess.run(
            ["unshare", "-rm", "sh", "-c", command],
            cwd=shell.folder,
            env=shell.environment({"HF_HUB_CACHE": str(disk / "hub")}),
            capture_output=True,
            text=True,
            check=False,
        )
        report = json.loads(done.stdout)
        assert [finding["code"] for finding in report["findings"]] == told, done.stderr
