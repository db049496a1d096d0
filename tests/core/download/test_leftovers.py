"""What other programs left is found by name and size, and no more of it is believed than was written."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from qtune.core.download.leftovers import Beginning, Search, Whole, found
from qtune.core.hub.interface import RepoFile

MEBI = 1 << 20
FILE = RepoFile("sub/model.safetensors", 4 * MEBI, "a" * 64, lfs=True)
NOISE = random.Random(7).randbytes(4 * MEBI)


def _search(tmp_path: Path, local: Path | None = None) -> Search:
    root = tmp_path / "hub" / "models--acme--tiny.model"
    return Search("acme/tiny.model", "model", root, tmp_path / "ms", local)


def _put(path: Path, data: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def _pieces(items: tuple[Whole | Beginning, ...]) -> list[tuple[str, int, int, int]]:
    return sorted(
        (item.path.name, item.offset, item.start, item.length)
        for item in items
        if isinstance(item, Beginning)
    )


LAYOUTS = (
    "models/acme--tiny.model/snapshots/master",
    "models/acme--tiny.model/snapshots/v1.0",
    "models/acme/tiny___model",
    "models/acme/tiny.model",
    "hub/models/acme/tiny___model",
    "hub/acme/tiny___model",
    "acme/tiny.model",
)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_of_modelscopes_cache_is_known(tmp_path: Path, layout: str) -> None:
    path = _put(tmp_path / "ms" / layout / FILE.path, NOISE)
    assert found([FILE], _search(tmp_path)) == (Whole(FILE, path, "modelscope's cache"),)


def test_another_size_another_kind_and_a_link_are_passed_over(tmp_path: Path) -> None:
    search = _search(tmp_path)
    _put(tmp_path / "ms" / LAYOUTS[0] / FILE.path, NOISE[:-1])
    _put(tmp_path / "ms/datasets/acme--tiny.model/snapshots/master" / FILE.path, NOISE)
    elsewhere = _put(tmp_path / "elsewhere", NOISE)
    link = tmp_path / "ms" / LAYOUTS[2] / FILE.path
    link.parent.mkdir(parents=True)
    link.symlink_to(elsewhere)
    assert found([FILE], search) == ()


def test_plain_files_of_another_snapshot_are_found(tmp_path: Path) -> None:
    search = _search(tmp_path)
    path = _put(search.root / "snapshots" / ("c" * 40) / FILE.path, NOISE)
    assert found([FILE], search) == (Whole(FILE, path, "another snapshot"),)


@pytest.mark.parametrize("name", ["{}.incomplete", "{}.0123abcd.incomplete"])
def test_beginnings_of_huggingface_hub_go_by_the_etag(tmp_path: Path, name: str) -> None:
    search = _search(tmp_path)
    assert FILE.sha256 is not None
    path = _put(search.root / "blobs" / name.format(FILE.sha256), NOISE[: 2 * MEBI])
    _put(search.root / "blobs" / name.format("b" * 64), NOISE)
    lock = search.root.parent / ".locks" / search.root.name / f"{FILE.sha256}.lock"
    origin = "huggingface_hub's partial file"
    assert found([FILE], search) == (Beginning(FILE, path, 0, 0, 2 * MEBI, origin, lock),)


def test_beginnings_beside_a_local_folder_are_found_too(tmp_path: Path) -> None:
    local = tmp_path / "here"
    theirs = local / ".cache/huggingface/download/sub"
    _put(theirs / f"x1y2z3=.{FILE.sha256}.0123abcd.incomplete", NOISE[:MEBI])
    _put(local / f"{FILE.path}.incomplete", NOISE[: 2 * MEBI])
    assert _pieces(found([FILE], _search(tmp_path, local))) == [
        ("model.safetensors.incomplete", 0, 0, 2 * MEBI)
    ]


def test_parts_of_modelscopes_parallel_download_lie_at_their_places(tmp_path: Path) -> None:
    folder = tmp_path / "ms" / LAYOUTS[0] / "sub"
    _put(folder / f"model.safetensors_{MEBI}_{2 * MEBI - 1}", NOISE[MEBI : 2 * MEBI - 5])
    _put(folder / f"model.safetensors_{3 * MEBI}_{4 * MEBI - 1}", NOISE[3 * MEBI :])
    _put(folder / f"model.safetensors_{4 * MEBI}_{5 * MEBI - 1}", NOISE)  # of another version
    _put(folder / f"other.safetensors_0_{MEBI - 1}", NOISE[:MEBI])
    assert _pieces(found([FILE], _search(tmp_path))) == [
        (f"model.safetensors_{MEBI}_{2 * MEBI - 1}", 0, MEBI, MEBI - 5),
        (f"model.safetensors_{3 * MEBI}_{4 * MEBI - 1}", 0, 3 * MEBI, MEBI),
    ]


def test_what_older_clients_began_lies_in_a_folder_of_its_own(tmp_path: Path) -> None:
    begun = tmp_path / "ms/hub/models/._____temp/acme/tiny___model"
    _put(begun / FILE.path, NOISE[:MEBI])
    assert _pieces(found([FILE], _search(tmp_path))) == [("model.safetensors", 0, 0, MEBI)]


def test_several_beginnings_are_put_together_without_overlap(tmp_path: Path) -> None:
    search = _search(tmp_path)
    _put(search.root / "blobs" / f"{FILE.sha256}.00000001.incomplete", NOISE[:MEBI])
    _put(search.root / "blobs" / f"{FILE.sha256}.00000002.incomplete", NOISE[: 2 * MEBI])
    at = MEBI + 500
    _put(tmp_path / "ms" / LAYOUTS[0] / f"{FILE.path}_{at}_{4 * MEBI - 1}", NOISE[at : 3 * MEBI])
    pieces = _pieces(found([FILE], search))
    assert [(start, length) for _, _, start, length in pieces] == [
        (0, 2 * MEBI),
        (2 * MEBI, MEBI),
    ]
    assert pieces[1][1] == MEBI - 500  # the part is read from where the longer one ends


def test_zeros_at_the_end_are_not_believed(tmp_path: Path) -> None:
    search = _search(tmp_path)
    data = NOISE[: MEBI + 10] + b"\1" + bytes(3 * MEBI - 11)
    _put(search.root / "blobs" / f"{FILE.sha256}.incomplete", data)
    assert [p[1:] for p in _pieces(found([FILE], search))] == [(0, 0, MEBI + 11)]


def test_a_reserved_file_without_a_byte_is_no_beginning(tmp_path: Path) -> None:
    search = _search(tmp_path)
    path = _put(search.root / "blobs" / f"{FILE.sha256}.incomplete", b"")
    os.truncate(path, FILE.size)
    assert found([FILE], search) == ()


@pytest.mark.skipif(not hasattr(os, "SEEK_DATA"), reason="the system tells of no holes")
def test_holes_between_what_was_written_are_passed_over(tmp_path: Path) -> None:
    search = _search(tmp_path)
    path = _put(search.root / "blobs" / f"{FILE.sha256}.incomplete", b"")
    os.truncate(path, FILE.size)
    with path.open("r+b") as stream:
        for at in (MEBI, 3 * MEBI):
            stream.seek(at)
            stream.write(NOISE[at : at + MEBI // 2])
    pieces = [p[1:] for p in _pieces(found([FILE], search))]
    if pieces[0][0] == 0:
        pytest.skip("this file system keeps no holes")
    assert [(at, at + length) for at, _, length in pieces] == [
        (MEBI, MEBI + MEBI // 2),
        (3 * MEBI, 3 * MEBI + MEBI // 2),
    ]


def test_what_is_longer_than_the_file_is_cut(tmp_path: Path) -> None:
    search = _search(tmp_path)
    _put(search.root / "blobs" / f"{FILE.sha256}.incomplete", NOISE + NOISE)
    assert [p[1:] for p in _pieces(found([FILE], search))] == [(0, 0, 4 * MEBI)]


def test_small_and_empty_files_are_not_gone_on_with(tmp_path: Path) -> None:
    small, empty = RepoFile("config.json", 500, "c" * 64), RepoFile("empty", 0, "d" * 64)
    search = _search(tmp_path)
    _put(search.root / "blobs" / f"{small.sha256}.incomplete", NOISE[:100])
    _put(tmp_path / "ms" / LAYOUTS[0] / empty.path, b"")
    assert found([small, empty], search) == ()
