"""Without a network: what is whole in the cache serves, what is not is an error that says so."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from qtune.core.errors import DownloadError, QtuneError
from tests.core.download.downloading import (
    FROM_HF,
    FROM_MS,
    Changes,
    Told,
    contents,
    expected,
    get,
    repo_folder,
)
from tests.hub import Fault, Hub, sdk, worlds

OFFLINE: Changes = {"HF_HUB_OFFLINE": "1"}


@pytest.mark.spares("DWN001")
@pytest.mark.parametrize("source", [FROM_HF, FROM_MS], ids=["huggingface", "modelscope"])
def test_a_whole_snapshot_serves_without_a_request(
    hub: Hub, tmp_path: Path, source: Changes
) -> None:
    online = get(hub, tmp_path, worlds.QWEN, **source)
    hub.forget()
    found = get(hub, tmp_path, worlds.QWEN, **source, **OFFLINE)
    assert (found.path, found.commit, found.files) == (online.path, online.commit, online.files)
    assert found.bytes_fetched == 0
    assert hub.requests == []


@pytest.mark.triggers("DWN001")
def test_an_empty_cache_is_an_error_that_names_the_setting(hub: Hub, tmp_path: Path) -> None:
    with pytest.raises(DownloadError) as caught:
        get(hub, tmp_path, worlds.QWEN, **OFFLINE)
    assert caught.value.code == "DWN001"
    assert "HF_HUB_OFFLINE" in caught.value.message.en
    assert hub.requests == []
    assert list(tmp_path.rglob("*")) == []


@pytest.mark.triggers("DWN001")
def test_what_is_missing_is_named(hub: Hub, tmp_path: Path) -> None:
    found = get(hub, tmp_path, worlds.QWEN, **FROM_HF)
    (found.path / "vocab.json").resolve().unlink()
    with pytest.raises(DownloadError) as caught:
        get(hub, tmp_path, worlds.QWEN, **FROM_HF, **OFFLINE)
    assert caught.value.code == "DWN001"
    assert "vocab.json" in caught.value.message.en


@pytest.mark.spares("DWN001")
def test_a_filtered_snapshot_is_whole_for_the_same_filter_only(hub: Hub, tmp_path: Path) -> None:
    get(hub, tmp_path, worlds.QWEN, include=["*.json"], **FROM_HF)
    found = get(hub, tmp_path, worlds.QWEN, include=["*.json"], **FROM_HF, **OFFLINE)
    assert "config.json" in found.files
    with pytest.raises(DownloadError) as caught:
        get(hub, tmp_path, worlds.QWEN, **FROM_HF, **OFFLINE)
    assert "safetensors" in caught.value.message.en


def test_a_snapshot_of_harmless_files_is_whole_as_such(tmp_path: Path) -> None:
    repo = worlds.qwen3(repo_id="someone/model")
    repo = type(repo)(repo.id, {**repo.files, "modeling.py": b"run"})
    with Hub([repo]) as hub:
        fault = hub.fault(Fault("refused", "hf"))
        named: Changes = {"QTUNE_SOURCES": "huggingface,modelscope"}
        online = get(hub, tmp_path, repo.id, **named)
        assert "modeling.py" not in online.files
        assert get(hub, tmp_path, repo.id, **named, **OFFLINE).files == online.files
        hub.lift(fault)


def test_a_local_folder_is_filled_from_the_cache_without_a_request(
    hub: Hub, tmp_path: Path
) -> None:
    get(hub, tmp_path, worlds.QWEN, **FROM_HF)
    hub.forget()
    target = tmp_path / "model"
    for _ in range(2):
        found = get(hub, tmp_path, worlds.QWEN, local_dir=target, **FROM_HF, **OFFLINE)
        assert found.path == target
        assert contents(target) == expected(worlds.qwen3())
    assert hub.requests == []


def test_a_finished_local_folder_needs_neither_cache_nor_network(hub: Hub, tmp_path: Path) -> None:
    target = tmp_path / "model"
    get(hub, tmp_path, worlds.QWEN, local_dir=target, **FROM_HF)
    hub.forget()
    found = get(hub, tmp_path, worlds.QWEN, local_dir=target, **FROM_HF, **OFFLINE)
    assert (found.path, found.bytes_fetched) == (target, 0)
    (target / "vocab.json").unlink()
    with pytest.raises(DownloadError) as caught:
        get(hub, tmp_path, worlds.QWEN, local_dir=target, **FROM_HF, **OFFLINE)
    assert caught.value.code == "DWN001"
    assert hub.requests == []


@pytest.mark.slow
def test_what_huggingface_hub_left_is_used_with_its_own_listing(hub: Hub, tmp_path: Path) -> None:
    outcome = sdk.hf_snapshot(hub, tmp_path, worlds.QWEN)
    assert outcome.error is None, outcome.output
    hub.forget()
    found = get(hub, tmp_path, worlds.QWEN, **OFFLINE)
    assert found.path == Path(outcome.value)
    assert contents(found.path) == expected(worlds.qwen3())
    (found.path / "vocab.json").unlink()
    with pytest.raises(DownloadError) as caught:
        get(hub, tmp_path, worlds.QWEN, **OFFLINE)
    assert "vocab.json" in caught.value.message.en
    assert hub.requests == []


def test_a_snapshot_without_a_listing_is_judged_by_its_index(hub: Hub, tmp_path: Path) -> None:
    repo = worlds.qwen3()
    folder = repo_folder(tmp_path, repo.id) / "snapshots" / repo.commit
    folder.mkdir(parents=True)
    for path, data in repo.files.items():
        (folder / path).write_bytes(data)
    (folder.parents[1] / "refs").mkdir()
    (folder.parents[1] / "refs" / "main").write_text(repo.commit)
    found = get(hub, tmp_path, repo.id, **OFFLINE)
    assert (found.path, found.source) == (folder, None)
    (folder / "model-00002-of-00002.safetensors").unlink()
    with pytest.raises(DownloadError) as caught:
        get(hub, tmp_path, repo.id, **OFFLINE)
    assert "model-00002-of-00002.safetensors" in caught.value.message.en


def test_when_no_hub_answers_the_cache_serves_and_that_is_said(hub: Hub, tmp_path: Path) -> None:
    online = get(hub, tmp_path, worlds.QWEN, **FROM_HF)
    for origin in ("hf", "ms"):
        hub.fault(Fault("refused", origin))
    told = Told()
    found = get(hub, tmp_path, worlds.QWEN, told, **FROM_HF)
    assert found.path == online.path
    assert "using what the cache has" in told.text


def test_when_no_hub_answers_a_finished_local_folder_serves(hub: Hub, tmp_path: Path) -> None:
    target = tmp_path / "model"
    get(hub, tmp_path, worlds.QWEN, local_dir=target, **FROM_HF)
    for origin in ("hf", "ms"):
        hub.fault(Fault("refused", origin))
    told = Told()
    found = get(hub, tmp_path, worlds.QWEN, told, local_dir=target, **FROM_HF)
    assert (found.path, found.bytes_fetched) == (target, 0)
    assert "No hub answered" in told.text


def test_a_folder_with_another_revision_is_not_taken_for_the_default_branch(
    hub: Hub, tmp_path: Path
) -> None:
    target = tmp_path / "model"
    repo = worlds.qwen3()
    get(hub, tmp_path, repo.id, local_dir=target, revision=repo.commit, **FROM_HF)
    again = get(
        hub, tmp_path, repo.id, local_dir=target, revision=repo.commit, **FROM_HF, **OFFLINE
    )
    assert again.path == target
    with pytest.raises(DownloadError) as caught:
        get(hub, tmp_path, repo.id, local_dir=target, **FROM_HF, **OFFLINE)
    assert caught.value.code == "DWN001"


def test_a_foreign_snapshot_gives_a_folder_what_was_asked_for_and_no_more(
    hub: Hub, tmp_path: Path
) -> None:
    online = get(hub, tmp_path, worlds.QWEN, **FROM_HF)
    shutil.rmtree(repo_folder(tmp_path, worlds.QWEN) / ".qtune")  # as another program leaves it
    target = tmp_path / "model"
    found = get(
        hub, tmp_path, worlds.QWEN, include=["*.json"], local_dir=target, **FROM_HF, **OFFLINE
    )
    wanted = {path for path in online.files if path.endswith(".json")}
    assert wanted == set(found.files) == set(contents(target))


@pytest.mark.triggers("DWN007")
def test_a_folder_that_cannot_be_written_is_one_clear_error(hub: Hub, tmp_path: Path) -> None:
    get(hub, tmp_path, worlds.QWEN, **FROM_HF)
    (tmp_path / "file").write_text("not a folder")
    for changes in (OFFLINE, {}):
        with pytest.raises(DownloadError) as caught:
            get(hub, tmp_path, worlds.QWEN, local_dir=tmp_path / "file" / "m", **FROM_HF, **changes)
        assert caught.value.code == "DWN007"
        assert str(tmp_path / "file") in caught.value.message.en


@pytest.mark.spares("DWN007")
def test_a_folder_of_a_user_who_is_not_there_is_taken_by_its_name(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the shell does, which leaves `~nobody-here` as it is."""
    get(hub, tmp_path, worlds.QWEN, **FROM_HF)
    monkeypatch.chdir(tmp_path)
    found = get(hub, tmp_path, worlds.QWEN, local_dir=Path("~nobody-here/m"), **FROM_HF, **OFFLINE)
    assert found.path == tmp_path / "~nobody-here" / "m"


def test_a_refusal_is_not_papered_over_with_the_cache(hub: Hub, tmp_path: Path) -> None:
    get(hub, tmp_path, worlds.QWEN, **FROM_HF)
    with pytest.raises(QtuneError) as caught:
        get(hub, tmp_path, worlds.QWEN, HF_TOKEN=worlds.UNKNOWN, QTUNE_FALLBACK="False", **FROM_HF)
    assert caught.value.code == "TOK303"


def test_a_finished_model_costs_one_listing_and_no_write(hub: Hub, tmp_path: Path) -> None:
    get(hub, tmp_path, worlds.QWEN, **FROM_MS)
    folder = repo_folder(tmp_path, worlds.QWEN)
    before = {p: p.lstat().st_mtime_ns for p in folder.rglob("*")}
    hub.forget()
    get(hub, tmp_path, worlds.QWEN, **FROM_MS)
    assert [r.path.rsplit("/", 1)[1] for r in hub.requests] == ["files"]
    assert {p: p.lstat().st_mtime_ns for p in folder.rglob("*")} == before


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_cache_serves_what_it_has(hub: Hub, tmp_path: Path) -> None:
    online = get(hub, tmp_path, worlds.QWEN, **FROM_HF)
    folders = [p for p in repo_folder(tmp_path, worlds.QWEN).rglob("*") if p.is_dir()]
    for folder in folders:
        folder.chmod(0o555)
    try:
        assert get(hub, tmp_path, worlds.QWEN, **FROM_HF).path == online.path
    finally:
        for folder in folders:
            folder.chmod(0o755)
