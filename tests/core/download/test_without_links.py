"""Where no symbolic link can be made or followed, a whole download works, and other tools find it there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from qtune.core.download.untrusted import path_problem
from tests.core.download.downloading import FROM_HF, FROM_MS, Changes, at
from tests.core.download.mounted import run
from tests.hub import Hub, Repo, worlds

CODE = """
import hashlib, json, os, pathlib, sys
given = json.loads(sys.argv[2])
os.environ |= {"HF_HOME": given["home"], "HF_HUB_OFFLINE": "1", "HF_HUB_DISABLE_TELEMETRY": "1"}
disk = pathlib.Path(sys.argv[1])
(disk / "trial").symlink_to("nowhere")
try:
    os.open(disk / "trial", os.O_RDWR | os.O_CREAT)
except OSError as error:
    print("links:", error.strerror)
from qtune.core.download import download
from qtune.core.settings import resolve
first = download(given["repo"], resolve(environ=given["environ"]))
again = download(given["repo"], resolve(environ=given["environ"]))
from huggingface_hub import snapshot_download, scan_cache_dir
theirs = snapshot_download(given["repo"], local_files_only=True)
files = {
    path.relative_to(theirs).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
    for path in pathlib.Path(theirs).rglob("*") if path.is_file()
}
print(json.dumps([str(first.path) == theirs, first.bytes_fetched, again.bytes_fetched, files,
                  [repo.repo_id for repo in scan_cache_dir().repos],
                  [path.name for path in disk.rglob("*") if path.is_symlink()],
                  [path.name for path in disk.rglob(".qtune/partial/*")]]))
"""


@pytest.mark.parametrize("source", [FROM_HF, FROM_MS], ids=["huggingface", "modelscope"])
def test_on_a_disk_that_follows_no_links_the_real_library_finds_the_model_offline(
    hub: Hub, tmp_path: Path, source: Changes
) -> None:
    """A tmpfs mounted with nosymfollow: links are made there, and lead nowhere."""
    repo = worlds.qwen3()
    disk = tmp_path / "disk"
    disk.mkdir()
    settings = at(hub, disk, **source)
    given = {
        "repo": repo.id,
        "home": str(disk / "hf"),
        "environ": {value.setting.key: value.text for value in settings if value.text},
    }
    said = run(disk, "size=64m,nosymfollow", CODE, json.dumps(given)).splitlines()
    assert said[0] == "links: Too many levels of symbolic links"
    same, fetched, again, files, repos, links, partials = json.loads(said[-1])
    assert same
    assert (fetched, again) == (repo.size, 0)
    assert files == {path: file.sha256 for path, file in repo.entries.items()}
    assert repos == [repo.id]
    assert links == ["trial"]
    assert partials == []


@pytest.mark.parametrize("path", ["ab:c", "what?.json", "*.bin", 'a"b', "a<b", "a>b", "x/a|b"])
def test_names_that_windows_forbids_are_refused_there_alone(path: str) -> None:
    assert path_problem(path, windows=True) is not None
    assert path_problem(path, windows=False) is None


def test_what_one_disk_of_windows_or_macos_takes_for_one_name_is_never_two(tmp_path: Path) -> None:
    """Refused everywhere, so that a cache may move from one system to another."""
    from qtune.core.errors import DownloadError
    from tests.core.download.downloading import get

    repo = Repo("o/n", {"Config.json": b"{}", "config.json": b"[]"})
    with Hub([repo]) as hub, pytest.raises(DownloadError) as caught:
        get(hub, tmp_path, repo.id, HF_HUB_DISABLE_SYMLINKS="1", **FROM_HF)
    assert caught.value.code == "DWN004"
    assert list(tmp_path.rglob("*.json")) == []
