"""What qtune downloads, the hubs' own libraries find by its name, offline."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.core.download.downloading import (
    FROM_HF,
    FROM_MS,
    Changes,
    contents,
    expected,
    get,
    repo_folder,
)
from tests.hub import Hub, sdk, worlds

OFFLINE: Changes = {
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "HF_ENDPOINT": "http://127.0.0.1:9",
}


@pytest.mark.parametrize("source", [FROM_HF, FROM_MS], ids=["huggingface", "modelscope"])
def test_the_snapshot_is_the_repository(hub: Hub, tmp_path: Path, source: Changes) -> None:
    repo = worlds.qwen3()
    found = get(hub, tmp_path, repo.id, **source)
    assert contents(found.path) == expected(repo)
    assert found.files == tuple(sorted(repo.files))
    assert found.bytes_fetched == repo.size


def test_the_layout_is_hugging_faces(hub: Hub, tmp_path: Path) -> None:
    repo = worlds.qwen3()
    found = get(hub, tmp_path, repo.id, **FROM_HF)
    folder = repo_folder(tmp_path, repo.id)
    assert found.path == folder / "snapshots" / repo.commit
    assert (folder / "refs" / "main").read_bytes() == repo.commit.encode()
    assert {p.name for p in (folder / "blobs").iterdir()} == {f.etag for f in repo.entries.values()}
    for file in repo.entries.values():
        link = found.path / file.path
        assert link.is_symlink()
        assert str(link.readlink()) == f"../../blobs/{file.etag}"
    assert {p.name for p in folder.iterdir()} == {"blobs", "snapshots", "refs", ".qtune"}
    assert {p.name for p in folder.parent.iterdir()} == {folder.name}
    assert list((folder / ".qtune" / "partial").iterdir()) == []


@pytest.mark.spares("DWN004", "DWN005")
def test_links_in_subfolders_are_relative_too(hub: Hub, tmp_path: Path) -> None:
    found = get(hub, tmp_path, worlds.SMALL, include=["original/"], **FROM_HF)
    link = found.path / "original/notes/readme.txt"
    assert str(link.readlink()).startswith("../../../../blobs/")
    assert link.read_bytes() == b"nested\n"


def test_modelscopes_listing_has_a_ref_of_its_own(hub: Hub, tmp_path: Path) -> None:
    found = get(hub, tmp_path, worlds.QWEN, **FROM_MS)
    refs = repo_folder(tmp_path, worlds.QWEN) / "refs"
    assert (refs / "modelscope" / "master").read_text() == found.commit
    assert (refs / "main").read_text() == found.commit  # nobody had written one


def test_the_main_ref_of_hugging_face_is_never_moved_by_another_hub(
    hub: Hub, tmp_path: Path
) -> None:
    refs = repo_folder(tmp_path, worlds.QWEN) / "refs"
    first = get(hub, tmp_path, worlds.QWEN, **FROM_HF)
    other = get(hub, tmp_path, worlds.QWEN, **FROM_MS)
    assert first.commit != other.commit
    assert (refs / "main").read_text() == first.commit
    assert (refs / "modelscope" / "master").read_text() == other.commit
    assert other.bytes_fetched == 0


def test_a_ref_that_modelscope_wrote_moves_with_modelscope_and_yields_to_hugging_face(
    hub: Hub, tmp_path: Path
) -> None:
    refs = repo_folder(tmp_path, worlds.QWEN) / "refs"
    get(hub, tmp_path, worlds.QWEN, **FROM_MS)
    hub.change([worlds.qwen3(100_000)])
    newer = get(hub, tmp_path, worlds.QWEN, **FROM_MS)
    assert (refs / "main").read_text() == newer.commit
    official = get(hub, tmp_path, worlds.QWEN, **FROM_HF)
    assert (refs / "main").read_text() == official.commit == worlds.qwen3(100_000).commit
    hub.change([worlds.qwen3(50_000)])
    get(hub, tmp_path, worlds.QWEN, **FROM_MS)
    assert (refs / "main").read_text() == official.commit


@pytest.mark.slow
@pytest.mark.parametrize("source", [FROM_HF, FROM_MS], ids=["huggingface", "modelscope"])
def test_the_real_libraries_find_the_model_by_name_offline(
    hub: Hub, tmp_path: Path, source: Changes
) -> None:
    found = get(hub, tmp_path, worlds.QWEN, **source)
    hub.forget()
    code = f"""
from huggingface_hub import scan_cache_dir, snapshot_download, try_to_load_from_cache
from transformers import AutoConfig
path = snapshot_download({worlds.QWEN!r}, local_files_only=True)
config = AutoConfig.from_pretrained({worlds.QWEN!r})
cache = scan_cache_dir()
done([path, config.model_type, config.num_hidden_layers,
      [str(w) for w in cache.warnings], [r.repo_id for r in cache.repos],
      try_to_load_from_cache({worlds.QWEN!r}, "vocab.json")])
"""
    outcome = sdk.python(code, sdk.environ(hub, tmp_path, **OFFLINE), tmp_path)
    assert outcome.error is None, outcome.output
    path, kind, layers, warnings, repos, vocab = outcome.value
    assert Path(path) == found.path
    assert (kind, layers) == ("qwen3", 36)
    assert (warnings, repos) == ([], [worlds.QWEN])
    assert Path(vocab) == found.path / "vocab.json"
    assert hub.requests == []


@pytest.mark.slow
def test_a_later_run_of_huggingface_hub_fetches_no_body_again(hub: Hub, tmp_path: Path) -> None:
    repo = worlds.qwen3()
    get(hub, tmp_path, repo.id, **FROM_MS)
    hub.forget()
    outcome = sdk.hf_snapshot(hub, tmp_path, repo.id)
    assert outcome.error is None, outcome.output
    assert Path(outcome.value).name == repo.commit
    assert contents(Path(outcome.value)) == expected(repo)
    assert sum(r.body_bytes_sent for r in hub.seen("*", "*", "GET") if "/api/" not in r.path) == 0
    assert hub.seen("cdn") == []


@pytest.mark.slow
def test_what_huggingface_hub_downloaded_is_verified_once_and_not_fetched_again(
    hub: Hub, tmp_path: Path
) -> None:
    repo = worlds.qwen3()
    outcome = sdk.hf_snapshot(hub, tmp_path, repo.id)
    assert outcome.error is None, outcome.output
    hub.forget()
    for source in (FROM_HF, FROM_MS):
        found = get(hub, tmp_path, repo.id, **source)
        assert contents(found.path) == expected(repo)
        assert found.bytes_fetched == 0
    assert hub.seen("cdn") == hub.seen("ms-cdn") == []
    ledger = json.loads((repo_folder(tmp_path, repo.id) / ".qtune" / "provenance.json").read_text())
    assert {Path(name).name for name in ledger["files"]} == {f.etag for f in repo.entries.values()}


def test_without_links_the_snapshot_holds_the_files(hub: Hub, tmp_path: Path) -> None:
    repo = worlds.qwen3()
    copies: Changes = {**FROM_HF, "HF_HUB_DISABLE_SYMLINKS": "1"}
    found = get(hub, tmp_path, repo.id, **copies)
    assert contents(found.path) == expected(repo)
    assert not any(p.is_symlink() for p in found.path.rglob("*"))
    assert not (repo_folder(tmp_path, repo.id) / "blobs").exists()
    again = get(hub, tmp_path, repo.id, **copies)
    assert again.bytes_fetched == 0
    other = get(hub, tmp_path, repo.id, **{**copies, **FROM_MS})
    assert contents(other.path) == expected(repo)
    assert other.bytes_fetched == 0
    linked = get(hub, tmp_path, repo.id, **FROM_MS)  # links switched on again
    assert contents(linked.path) == expected(repo)
    assert linked.bytes_fetched == 0


@pytest.mark.slow
def test_the_real_library_finds_a_snapshot_without_links(hub: Hub, tmp_path: Path) -> None:
    found = get(hub, tmp_path, worlds.QWEN, HF_HUB_DISABLE_SYMLINKS="1", **FROM_HF)
    code = f"""
from huggingface_hub import snapshot_download
done(snapshot_download({worlds.QWEN!r}, local_files_only=True))
"""
    outcome = sdk.python(code, sdk.environ(hub, tmp_path, **OFFLINE), tmp_path)
    assert outcome.error is None, outcome.output
    assert Path(outcome.value) == found.path


@pytest.mark.parametrize("how", ["refused", "made, but not followed"])
def test_a_disk_that_cannot_make_links_gets_files(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    make = Path.symlink_to

    def made(self: Path, target: str | Path, target_is_directory: bool = False) -> None:
        if how == "refused":
            raise OSError(1314, "A required privilege is not held by the client")
        make(self, "nowhere")  # what a link is worth on a disk mounted with nosymfollow

    monkeypatch.setattr(Path, "symlink_to", made)
    repo = worlds.qwen3()
    found = get(hub, tmp_path, repo.id, **FROM_HF)
    assert contents(found.path) == expected(repo)
    assert not any(p.is_symlink() for p in found.path.rglob("*"))


def test_two_paths_with_one_content_are_fetched_once(tmp_path: Path) -> None:
    small = worlds.small()
    data = small.files["model.safetensors"]
    repo = type(small)(small.id, {**small.files, "copy/model.safetensors": data})
    with Hub([repo]) as hub:
        for changes in (FROM_HF, {**FROM_HF, "HF_HUB_DISABLE_SYMLINKS": "1"}):
            home = tmp_path / str(len(changes))
            hub.forget()
            found = get(hub, home, repo.id, include=["*.safetensors"], **changes)
            assert (found.path / "copy/model.safetensors").read_bytes() == data
            assert (found.path / "model.safetensors").read_bytes() == data
            assert found.bytes_fetched == len(data)
            assert len(hub.seen("cdn", method="GET")) == 1


def test_provenance_says_where_each_file_came_from(hub: Hub, tmp_path: Path) -> None:
    repo = worlds.qwen3()
    get(hub, tmp_path, repo.id, **FROM_MS)
    text = (repo_folder(tmp_path, repo.id) / ".qtune" / "provenance.json").read_text()
    entries = json.loads(text)["files"]
    assert len(entries) == len(repo.files)
    assert {e["source"] for e in entries.values()} == {"modelscope"}
    assert {e["verified_by"] for e in entries.values()} == {"modelscope"}


def test_a_local_folder_gets_the_files_themselves(hub: Hub, tmp_path: Path) -> None:
    repo = worlds.qwen3()
    target = tmp_path / "model"
    found = get(hub, tmp_path, repo.id, local_dir=target, **FROM_HF)
    assert found.path == target
    assert contents(target) == expected(repo)
    assert not repo_folder(tmp_path, repo.id).exists()
    again = get(hub, tmp_path, repo.id, local_dir=target, **FROM_HF)
    assert again.bytes_fetched == 0


def test_a_local_folder_takes_from_the_cache_what_is_there(hub: Hub, tmp_path: Path) -> None:
    repo = worlds.qwen3()
    get(hub, tmp_path, repo.id, **FROM_HF)
    hub.forget()
    found = get(hub, tmp_path, repo.id, local_dir=tmp_path / "model", **FROM_HF)
    assert contents(found.path) == expected(repo)
    assert found.bytes_fetched == 0
    assert hub.seen("cdn") == []


@pytest.mark.triggers("DWN011")
def test_a_users_own_file_in_the_folder_is_not_overwritten(hub: Hub, tmp_path: Path) -> None:
    target = tmp_path / "model"
    target.mkdir()
    (target / "config.json").write_text("mine")
    with pytest.raises(Exception, match="already") as caught:
        get(hub, tmp_path, worlds.QWEN, local_dir=target, **FROM_HF)
    assert getattr(caught.value, "code", None) == "DWN011"
    assert (target / "config.json").read_text() == "mine"
    assert hub.seen("cdn") == []


@pytest.mark.spares("DWN011")
def test_a_newer_version_replaces_what_qtune_wrote_into_the_folder(
    hub: Hub, tmp_path: Path
) -> None:
    target = tmp_path / "model"
    get(hub, tmp_path, worlds.QWEN, local_dir=target, **FROM_HF)
    newer = worlds.qwen3(100_000)
    hub.change([newer])
    get(hub, tmp_path, worlds.QWEN, local_dir=target, **FROM_HF)
    assert contents(target) == expected(newer)
