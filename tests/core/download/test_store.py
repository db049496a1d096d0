"""What lies in the cache is believed only as far as its hash goes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from qtune.core.download.events import FileDone, Finished
from tests.core.download.downloading import FROM_HF, Told, contents, expected, get, repo_folder
from tests.hub import Fault, Hub, Repo, worlds

SHARD = "model-00001-of-00002.safetensors"


@pytest.fixture
def blob(hub: Hub, tmp_path: Path) -> Path:
    """A finished download; the blob of its first shard."""
    get(hub, tmp_path, worlds.QWEN, **FROM_HF)
    hub.forget()
    return repo_folder(tmp_path, worlds.QWEN) / "blobs" / worlds.qwen3().entries[SHARD].sha256


def _spoil(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[1000] ^= 0xFF
    path.write_bytes(data)


def test_a_blob_spoilt_after_the_download_is_fetched_again(
    hub: Hub, tmp_path: Path, blob: Path
) -> None:
    _spoil(blob)
    found = get(hub, tmp_path, worlds.QWEN, **FROM_HF)
    assert contents(found.path) == expected(worlds.qwen3())
    assert found.bytes_fetched == worlds.qwen3().entries[SHARD].size


def test_a_blob_cut_short_is_fetched_again(hub: Hub, tmp_path: Path, blob: Path) -> None:
    os.truncate(blob, 1000)
    found = get(hub, tmp_path, worlds.QWEN, **FROM_HF)
    assert contents(found.path) == expected(worlds.qwen3())


def test_a_blob_that_only_has_the_right_name_and_size_is_not_believed(
    hub: Hub, tmp_path: Path
) -> None:
    file = worlds.qwen3().entries[SHARD]
    blob = repo_folder(tmp_path, worlds.QWEN) / "blobs" / file.sha256
    blob.parent.mkdir(parents=True)
    blob.write_bytes(bytes(file.size))
    found = get(hub, tmp_path, worlds.QWEN, **FROM_HF)
    assert (found.path / SHARD).read_bytes() == file.data


def test_a_touched_blob_is_hashed_again_and_kept(hub: Hub, tmp_path: Path, blob: Path) -> None:
    os.utime(blob, (1, 1))
    found = get(hub, tmp_path, worlds.QWEN, **FROM_HF)
    assert found.bytes_fetched == 0


@pytest.mark.parametrize("text", ["", "{", "[]", '{"schema": 9}', '{"schema":1,"files":5}', "null"])
def test_a_ledger_that_cannot_be_read_costs_hashing_not_fetching(
    hub: Hub, tmp_path: Path, blob: Path, text: str
) -> None:
    (blob.parents[1] / ".qtune" / "provenance.json").write_text(text)
    found = get(hub, tmp_path, worlds.QWEN, **FROM_HF)
    assert found.bytes_fetched == 0
    assert contents(found.path) == expected(worlds.qwen3())


def test_a_missing_or_wrong_link_is_mended(hub: Hub, tmp_path: Path, blob: Path) -> None:
    snapshot = repo_folder(tmp_path, worlds.QWEN) / "snapshots" / worlds.qwen3().commit
    (snapshot / "config.json").unlink()
    (snapshot / SHARD).unlink()
    (snapshot / SHARD).symlink_to("../../blobs/nowhere")
    found = get(hub, tmp_path, worlds.QWEN, **FROM_HF)
    assert contents(found.path) == expected(worlds.qwen3())
    assert found.bytes_fetched == 0


def test_a_new_commit_fetches_only_what_changed(hub: Hub, tmp_path: Path, blob: Path) -> None:
    repo = worlds.qwen3()
    newer = type(repo)(repo.id, {**repo.files, "config.json": b'{"model_type": "qwen3"}\n'})
    hub.change([newer])
    found = get(hub, tmp_path, repo.id, **FROM_HF)
    assert contents(found.path) == expected(newer)
    assert found.bytes_fetched == len(newer.files["config.json"])
    assert found.bytes_reused == newer.size - found.bytes_fetched


def test_the_number_of_connections_is_what_the_setting_says(hub: Hub, tmp_path: Path) -> None:
    repo = Repo("o/many", {f"{n}.json": b"%d" % n for n in range(40)})
    hub.change([repo])
    hub.fault(Fault("latency", "hf", "*/resolve*", seconds=0.02))
    for count in ("1", "7"):
        hub.forget()
        get(hub, tmp_path / count, repo.id, QTUNE_CONNECTIONS=count, **FROM_HF)
        connections = {r.connection for r in hub.seen("hf", "*/resolve*")}
        assert len(connections) <= int(count)
        assert (len(connections) > 1) is (count != "1")


def test_the_end_says_what_was_verified_against_whom(hub: Hub, tmp_path: Path) -> None:
    told = Told()
    get(hub, tmp_path, worlds.QWEN, told, **FROM_HF)
    (end,) = told.of(Finished)
    assert end.listed_by == "Hugging Face"
    assert {done.verified_by for done in told.of(FileDone)} == {"Hugging Face"}
