"""A listing is a stranger's word: nothing in it leaves the folder, collides, or names a device."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from qtune.core.download.untrusted import check, path_problem
from qtune.core.errors import DownloadError
from qtune.core.hub.interface import Manifest, RepoFile
from qtune.core.sources import Source
from tests.core.download.downloading import FROM_HF, FROM_MS, Changes, contents, get
from tests.hub import Fault, Hub, Repo, worlds

SHA = "a" * 64


def _manifest(*files: RepoFile) -> Manifest:
    return Manifest("o/n", "main", "c" * 40, files, Source("huggingface", "https://x.example"))


@pytest.mark.parametrize(
    "path",
    [
        "", "/", "/etc/passwd", "//x", "..", "../x", "a/../x", "a/..", "./a", "a/./b", "a//b", "a/",
        "a\\b", "..\\x", "C:\\x", "C:x", "c:/x", "a\0b", "a\nb", "a\x1b[31m", "a\x7f", "\u202egnp.exe",
        "\ud800", "CON", "nul.json", "a/AUX", "com1.txt", "LPT9", "dot.", "space ", "a./b",
        ".git/hooks/post-checkout", "x/.GIT/config", ".qtune/provenance.json", "GIT~1/config", "qtune~2/x",
        "x" * 256, "a/" * 600 + "b",
    ],
)  # fmt: skip
def test_such_a_path_is_refused(path: str) -> None:
    assert path_problem(path) is not None
    with pytest.raises(DownloadError) as caught:
        check(_manifest(RepoFile(path, 1, SHA)))
    assert caught.value.code == "DWN004"
    caught.value.message.en.encode()  # can be shown, whatever it holds
    assert "\x1b" not in caught.value.message.en


@pytest.mark.parametrize(
    "path",
    ["config.json", "模型.safetensors", "a/b c/d(1).txt", ".gitattributes", "console.json", "é/ü", "a..b"],
)  # fmt: skip
def test_real_paths_pass(path: str) -> None:
    check(_manifest(RepoFile(path, 1, SHA)))


@pytest.mark.parametrize(
    ("one", "other"),
    [("a", "a"), ("README.md", "readme.md"), ("é", "e\u0301"), ("a", "a/b"), ("A/x", "a"), ("ß", "ss")],
)  # fmt: skip
def test_two_names_that_some_disk_takes_for_one_are_refused(one: str, other: str) -> None:
    with pytest.raises(DownloadError) as caught:
        check(_manifest(RepoFile(one, 1, SHA), RepoFile(other, 1, SHA)))
    assert caught.value.code == "DWN004"


@pytest.mark.parametrize("size", [-1, 1 << 44, 10**30])
def test_an_absurd_size_is_refused_before_anything_is_allocated(size: int) -> None:
    with pytest.raises(DownloadError) as caught:
        check(_manifest(RepoFile("a", size, SHA)))
    assert caught.value.code == "DWN004"


def test_a_file_that_cannot_be_verified_is_refused() -> None:
    with pytest.raises(DownloadError) as caught:
        check(_manifest(RepoFile("a", 1)))
    assert "hash" in caught.value.message.en


def test_too_many_files_are_refused() -> None:
    file = RepoFile("a", 1, SHA)
    files = tuple(replace(file, path=str(n)) for n in range(100_001))
    with pytest.raises(DownloadError) as caught:
        check(_manifest(*files))
    assert caught.value.code == "DWN004"


@pytest.mark.triggers("DWN004")
@pytest.mark.parametrize("source", [FROM_HF, FROM_MS], ids=["huggingface", "modelscope"])
def test_a_hostile_listing_writes_nothing_anywhere(tmp_path: Path, source: Changes) -> None:
    repo = worlds.hostile()
    with Hub([repo]) as hub:
        with pytest.raises(DownloadError) as caught:
            get(hub, tmp_path, repo.id, QTUNE_FALLBACK="False", **source)
        with pytest.raises(DownloadError):
            get(hub, tmp_path, repo.id, local_dir=tmp_path / "here", **source)
    assert caught.value.code == "DWN004"
    assert list(tmp_path.rglob("*")) == []
    assert not (tmp_path.parent / "escape.txt").exists()


@pytest.mark.spares("DWN004")
def test_a_listing_of_odd_but_harmless_names_is_taken(tmp_path: Path) -> None:
    files = {
        "..config.json": b"{}",
        "模型/é ü.json": b"1",
        "console.json": b"2",
        "a..b/c.txt": b"3",
    }
    with Hub([Repo("o/n", files)]) as hub:
        found = get(hub, tmp_path, "o/n", **FROM_HF)
    assert contents(found.path) == files


def test_even_one_bad_entry_beside_good_ones_is_enough(tmp_path: Path) -> None:
    repo = Repo("o/n", {"config.json": b"{}", "../../../escape.json": b"{}"})
    with Hub([repo]) as hub, pytest.raises(DownloadError):
        get(hub, tmp_path, repo.id, include=["config.json"], **FROM_HF)
    assert list(tmp_path.rglob("*")) == []


def test_a_size_that_only_the_listing_believes_ends_in_one_error(hub: Hub, tmp_path: Path) -> None:
    entry = {"type": "file", "path": "config.json", "size": 10**12, "oid": "a" * 40}
    body = json.dumps([entry]).encode()
    hub.fault(Fault("status", "hf", "*/tree/*", status=200, body=body))
    with pytest.raises(DownloadError) as caught:
        get(hub, tmp_path, worlds.QWEN, QTUNE_FALLBACK="False", **FROM_HF)
    assert caught.value.code in ("DSK600", "DWN006")
