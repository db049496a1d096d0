"""Dataset repositories of both hubs: the files of a subset and split come, nothing else, and no script runs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from qtune.core.data import places, repos
from qtune.core.data.places import NoFiles
from qtune.core.errors import DownloadError
from qtune.core.runconfig import DataSource
from qtune.core.settings import Settings, resolve
from tests.hub import Hub, Repo, worlds

ROW = json.dumps({"instruction": "q", "output": "a"}).encode() + b"\n"
CARD = """---
configs:
- config_name: en
  default: true
  data_files: [{split: train, path: en/*.jsonl}, {split: test, path: en-held.jsonl}]
- config_name: zh
  data_dir: zh
---
"""
SEVERAL = Repo(
    "acme/several",
    {
        "README.md": CARD.encode(),
        "en/a.jsonl": ROW,
        "en/b[1].jsonl": ROW * 2,
        "en-held.jsonl": ROW,
        "zh/train.csv": b"instruction,output\nq,a\n",
        "several.py": b"raise SystemExit('this ran')\n",
        "weights.pkl": b"\x80\x04",
    },
    type="dataset",
)
BARE = Repo("acme/bare", {"rows.jsonl": ROW}, type="dataset")
SCRIPT = Repo("acme/script", {"README.md": b"# no data", "script.py": b""}, type="dataset")


@pytest.fixture
def hub() -> Iterator[Hub]:
    with Hub([worlds.alpaca(), SEVERAL, BARE, SCRIPT], worlds.USERS) as running:
        yield running


def settings(hub: Hub, folder: Path, **more: str) -> Settings:
    hosts = ",".join(url.removeprefix("http://") for url in (hub.hf_url, hub.ms_url))
    return resolve(
        environ={
            "HF_ENDPOINT": hub.hf_url,
            "MODELSCOPE_ENDPOINT": hub.ms_url,
            "QTUNE_TRUSTED_HOSTS": hosts,
            "NO_PROXY": "127.0.0.1,localhost",
            "HF_HUB_CACHE": str(folder / "cache"),
            **more,
        }
    )


def asked(repo_id: str, **more: str) -> DataSource:
    return DataSource(Path(repo_id), repo_id=repo_id, **more)  # type: ignore[arg-type]


def names(source: DataSource) -> list[str]:
    return [path.relative_to(source.path).as_posix() for path in places.files(source)]


def everything(source: DataSource) -> list[str]:
    return sorted(
        path.relative_to(source.path).as_posix()
        for path in source.path.rglob("*")
        if path.is_file() and not path.name.startswith(".")
    )


def test_the_split_for_training_is_fetched_and_nothing_else(hub: Hub, tmp_path: Path) -> None:
    found = repos.fetch(asked(worlds.ALPACA), settings(hub, tmp_path))
    assert names(found) == ["data/train.jsonl"]
    assert everything(found) == ["README.md", "data/train.jsonl"]
    other = repos.fetch(asked(worlds.ALPACA, split="test"), settings(hub, tmp_path))
    assert names(other) == ["data/test.jsonl"]


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({}, ["en/a.jsonl", "en/b[1].jsonl"]),
        ({"split": "test"}, ["en-held.jsonl"]),
        ({"subset": "zh"}, ["zh/train.csv"]),
    ],
)
def test_the_card_says_what_a_subset_and_a_split_are(
    hub: Hub, tmp_path: Path, more: dict[str, str], expected: list[str]
) -> None:
    found = repos.fetch(asked("acme/several", **more), settings(hub, tmp_path))
    assert names(found) == expected
    assert everything(found) == sorted(["README.md", *expected])


def test_what_was_fetched_is_found_again_without_a_request(hub: Hub, tmp_path: Path) -> None:
    source = asked("acme/several")
    here = settings(hub, tmp_path)
    assert repos.at_hand(source, here) == source
    found = repos.fetch(source, here)
    count = len(hub.requests)
    assert repos.at_hand(source, here) == found
    offline = settings(hub, tmp_path, HF_HUB_OFFLINE="1")
    assert repos.fetch(source, offline) == found
    assert len(hub.requests) == count
    # Another split of it is not there.
    other = replace(source, split="test")
    assert repos.at_hand(other, here) == other
    with pytest.raises(DownloadError) as caught:
        repos.fetch(other, offline)
    assert caught.value.code == "DWN001"


def test_a_repository_of_nothing_but_its_data(hub: Hub, tmp_path: Path) -> None:
    assert names(repos.fetch(asked("acme/bare"), settings(hub, tmp_path))) == ["rows.jsonl"]


def test_a_script_is_no_data(hub: Hub, tmp_path: Path) -> None:
    with pytest.raises(NoFiles) as caught:
        repos.fetch(asked("acme/script"), settings(hub, tmp_path))
    assert caught.value.fix is not None and "refs/convert/parquet" in caught.value.fix.en
    assert not [request for request in hub.requests if request.path.endswith(".py")]


def test_a_subset_that_is_not_there_is_told_before_anything_is_fetched(
    hub: Hub, tmp_path: Path
) -> None:
    with pytest.raises(NoFiles) as caught:
        repos.fetch(asked("acme/several", subset="fr"), settings(hub, tmp_path))
    assert "there are en, zh" in caught.value.reason.en
    assert not [request for request in hub.requests if ".jsonl" in request.path]


@pytest.mark.parametrize("name", ["hf", "modelscope"])
@pytest.mark.parametrize("switch", ["True", "False"])
def test_the_hub_that_the_run_config_names_is_the_only_one_asked(
    hub: Hub, tmp_path: Path, name: str, switch: str
) -> None:
    chosen = settings(hub, tmp_path, USE_MODELSCOPE=switch)
    found = repos.fetch(asked("acme/several", hub=name), chosen)
    assert names(found) == ["en/a.jsonl", "en/b[1].jsonl"]
    one, other = (hub.hf_url, hub.ms_url) if name == "hf" else (hub.ms_url, hub.hf_url)
    assert one.rpartition(":")[2] != other.rpartition(":")[2]
    asked_of = {request.headers["host"].rpartition(":")[2] for request in hub.requests}
    assert other.rpartition(":")[2] not in asked_of and one.rpartition(":")[2] in asked_of
