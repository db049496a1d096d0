"""A look at a cache tells what is there, whoever put it there, and changes nothing."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from qtune.core.cachestore import modelscope, shelf
from qtune.core.errors import DownloadError
from tests.core.cachestore.caches import by_huggingface_hub, by_qtune, largest, look, only
from tests.core.download.downloading import repo_folder
from tests.hub import Hub, sdk, worlds


def everything(folder: Path) -> set[str]:
    return {f"{p} {p.lstat().st_mtime_ns}" for p in folder.rglob("*")}


def test_what_qtune_downloaded_is_whole_and_qtunes(hub: Hub, tmp_path: Path) -> None:
    snapshot = by_qtune(hub, tmp_path)
    before = everything(tmp_path)
    repo = only(tmp_path)
    assert (repo.label, repo.brought_by, repo.sources) == (
        worlds.QWEN,
        ("qtune",),
        ("huggingface",),
    )
    (revision,) = repo.revisions
    assert (revision.commit, revision.refs, revision.missing) == (snapshot.name, ("main",), ())
    assert revision.own == worlds.qwen3().size
    assert repo.whole
    assert repo.size >= revision.own
    assert everything(tmp_path) == before


def test_what_huggingface_hub_downloaded_is_named_as_its_own(hub: Hub, tmp_path: Path) -> None:
    by_huggingface_hub(hub, tmp_path)
    repo = only(tmp_path)
    assert (repo.brought_by, repo.sources, repo.whole) == (("huggingface_hub",), (), True)
    assert time.time() - repo.used < 600


def test_a_repository_without_traces_is_nobodys(hub: Hub, tmp_path: Path) -> None:
    root = by_huggingface_hub(hub, tmp_path).parents[1]
    for file in (root / "trees").iterdir():
        file.unlink()
    (root / "trees").rmdir()
    locks = root.parent / ".locks" / root.name
    for file in locks.iterdir():
        file.unlink()
    assert only(tmp_path).brought_by == ()
    assert only(tmp_path).whole


@pytest.mark.parametrize("made", [by_qtune, by_huggingface_hub])
def test_a_missing_blob_is_told_by_the_name_of_its_file(
    hub: Hub, tmp_path: Path, made: object
) -> None:
    assert callable(made)
    gone = largest(made(hub, tmp_path))
    gone.resolve().unlink()
    (revision,) = only(tmp_path).revisions
    assert revision.missing == (gone.name,)
    assert not only(tmp_path).whole


def test_without_a_listing_the_index_names_what_is_missing(hub: Hub, tmp_path: Path) -> None:
    root = by_huggingface_hub(hub, tmp_path).parents[1]
    (tree,) = (root / "trees").iterdir()
    tree.unlink()
    gone = largest(next((root / "snapshots").iterdir()))
    gone.unlink()
    assert only(tmp_path).revisions[0].missing == (gone.name,)


def test_a_truncated_file_is_missing(hub: Hub, tmp_path: Path) -> None:
    file = largest(by_qtune(hub, tmp_path))
    os.truncate(file.resolve(), 10)
    assert only(tmp_path).revisions[0].missing == (file.name,)


def test_partial_files_of_both_programs(hub: Hub, tmp_path: Path) -> None:
    root = by_qtune(hub, tmp_path).parents[1]
    part = root / ".qtune" / "partial" / ("a" * 64 + ".part")
    part.write_bytes(b"x" * 25)
    part.with_suffix(".json").write_text(json.dumps({"path": "w.safetensors", "size": 100}))
    (root / "blobs" / ("b" * 64 + ".0123abcd.incomplete")).write_bytes(b"y" * 7)
    ours, theirs = only(tmp_path).partials
    assert (ours.by, ours.name, ours.have, ours.size) == ("qtune", "w.safetensors", 25, 100)
    assert (theirs.by, theirs.name, theirs.have, theirs.size) == ("huggingface_hub", "", 7, None)


@pytest.mark.parametrize("note", [b"", b"[]", b"{", b'{"path": 1, "size": "x"}', b"[" * 100_000])
def test_a_damaged_note_beside_a_partial_is_no_note(hub: Hub, tmp_path: Path, note: bytes) -> None:
    root = by_qtune(hub, tmp_path).parents[1]
    part = root / ".qtune" / "partial" / "c.part"
    part.write_bytes(b"x")
    part.with_suffix(".json").write_bytes(note)
    (found,) = only(tmp_path).partials
    assert (found.name, found.size) == ("", None)


def test_links_loops_and_pipes_are_survived_and_not_followed(hub: Hub, tmp_path: Path) -> None:
    root = by_qtune(hub, tmp_path).parents[1]
    cache = root.parent
    size = only(tmp_path).size
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "big").write_bytes(b"z" * 1_000_000)
    (cache / "models--linked--away").symlink_to(outside)
    (cache / "models--in--circles").symlink_to("models--in--circles")
    (root / "blobs" / "loop").symlink_to("loop")
    (root / "blobs" / "away").symlink_to(outside / "big")
    (root / "snapshots" / "up").symlink_to("..")
    shot = next(p for p in (root / "snapshots").iterdir() if not p.is_symlink())
    (shot / "round").symlink_to("round")
    os.mkfifo(root / "refs" / "pipe")
    os.mkfifo(root / ".qtune" / "manifests" / f"{'d' * 40}.json")
    (root / "snapshots" / ("d" * 40)).mkdir()
    found = look(tmp_path)
    assert sorted(found.left_out) == ["models--in--circles", "models--linked--away"]
    (repo,) = found.repos
    assert repo.size == size
    assert {r.commit for r in repo.revisions} == {shot.name, "d" * 40}


def test_sorted_by_size_with_data_sets_and_no_cache_is_empty(hub: Hub, tmp_path: Path) -> None:
    assert look(tmp_path).repos == ()
    by_qtune(hub, tmp_path, worlds.SMALL)
    by_qtune(hub, tmp_path)
    data = repo_folder(tmp_path, "x/y").parent / "datasets--o--n"
    (data / "blobs").mkdir(parents=True)
    (data / "blobs" / "f").write_bytes(b"1" * 3_000_000)
    (data.parent / ".locks").mkdir(exist_ok=True)
    labels = [repo.label for repo in look(tmp_path).repos]
    assert labels == ["datasets/o/n", worlds.QWEN, worlds.SMALL]


def test_what_modelscopes_client_keeps(hub: Hub, tmp_path: Path) -> None:
    outcome = sdk.ms_snapshot(hub, tmp_path, worlds.QWEN)
    assert outcome.error is None, outcome.output
    (found,) = modelscope.read(tmp_path / "modelscope")
    assert (found.kind, found.repo_id) == ("model", worlds.QWEN)
    assert Path(outcome.value).is_relative_to(found.path)
    assert found.size == worlds.qwen3().size
    older = tmp_path / "older" / "hub"
    (older / "models" / "Qwen" / "Qwen2___5-7B").mkdir(parents=True)
    (older / "models" / "Qwen" / "Qwen2___5-7B" / "w").write_bytes(b"12345")
    (older / "models" / "._____temp" / "Qwen" / "Other").mkdir(parents=True)
    (older / "models" / "._____temp" / "Qwen" / "Other" / "w").write_bytes(b"123")
    (older / "old" / "est").mkdir(parents=True)
    told = {(f.repo_id, f.size, f.begun) for f in modelscope.read(tmp_path / "older")}
    assert told == {("Qwen/Qwen2.5-7B", 5, 0), ("Qwen/Other", 0, 3), ("old/est", 0, 0)}


def test_no_name_of_a_folder_is_taken_for_a_repository_that_is_none() -> None:
    assert shelf.kind_of("models--o--n") == "model"
    assert shelf.kind_of("datasets--n") == "dataset"
    for name in ("blobs", ".locks", "models--", "spaces--o--n", "CACHEDIR.TAG", "models"):
        assert shelf.kind_of(name) is None


def test_a_cache_that_is_no_folder_is_one_error(tmp_path: Path) -> None:
    (tmp_path / "hub").write_text("a file")
    with pytest.raises(DownloadError) as caught:
        shelf.read(tmp_path / "hub")
    assert caught.value.code == "DWN007"


def test_what_modelscopes_folder_shares_is_counted_where_it_lies(hub: Hub, tmp_path: Path) -> None:
    blob = (by_qtune(hub, tmp_path) / "config.json").resolve()
    folder = tmp_path / "modelscope/models/o--n/snapshots/master"
    folder.mkdir(parents=True)
    (folder / "linked").symlink_to(blob)
    assert modelscope.read(tmp_path / "modelscope") == ()
    (folder / "hard").hardlink_to(blob)
    (folder / "own").write_bytes(b"123")
    (found,) = modelscope.read(tmp_path / "modelscope")
    assert (found.size, found.shared) == (3, blob.stat().st_size)
