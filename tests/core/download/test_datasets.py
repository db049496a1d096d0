"""Datasets: into `datasets--o--n`, whole, where the hubs' own libraries find them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from qtune.core.cachestore.shelf import read
from qtune.core.download import Snapshot, download, manifests
from qtune.core.download.plan import select
from qtune.core.errors import DownloadError, NotFound, Refused
from qtune.core.hub.interface import Manifest, RepoFile, RepoType
from qtune.core.sources import Source
from tests.core.download.downloading import FROM_HF, FROM_MS, Changes, at, contents, expected
from tests.hub import Fault, Hub, Repo, World, sdk, worlds

MODEL = Repo(worlds.ALPACA, {"config.json": b"{}", "model.safetensors": b"w"})  # of the same name
OFFLINE: Changes = {"HF_HUB_OFFLINE": "1"}
NOWHERE: Changes = {"HF_HUB_OFFLINE": "1", "HF_ENDPOINT": "http://127.0.0.1:9"}
BOTH = pytest.mark.parametrize("source", [FROM_HF, FROM_MS], ids=["huggingface", "modelscope"])


@pytest.fixture
def hub() -> Iterator[Hub]:
    with Hub([worlds.alpaca(), MODEL], worlds.USERS) as hub:
        yield hub


def get(
    hub: Hub, home: Path, repo_id: str = worlds.ALPACA, *, changes: Changes, **options: Any
) -> Snapshot:
    given: dict[str, Any] = {"repo_type": "dataset", **options}
    return download(repo_id, at(hub, home, **changes), **given)


def folder_of(home: Path, repo_id: str = worlds.ALPACA) -> Path:
    return home / "hf" / "hub" / f"datasets--{repo_id.replace('/', '--')}"


@BOTH
def test_a_dataset_lies_beside_the_model_of_its_name(
    hub: Hub, tmp_path: Path, source: Changes
) -> None:
    dataset = get(hub, tmp_path, changes=source)
    model = get(hub, tmp_path, changes=source, repo_type="model")
    assert contents(dataset.path) == expected(worlds.alpaca())
    assert contents(model.path) == expected(MODEL)
    assert dataset.path == folder_of(tmp_path) / "snapshots" / dataset.commit
    assert {p.name for p in (tmp_path / "hf" / "hub").iterdir()} == {
        "datasets--tatsu-lab--alpaca",
        "models--tatsu-lab--alpaca",
    }
    assert (folder_of(tmp_path) / "refs" / "main").read_text() == dataset.commit


@BOTH
def test_huggingface_hub_finds_it_offline(hub: Hub, tmp_path: Path, source: Changes) -> None:
    found = get(hub, tmp_path, changes=source)
    seen = sdk.hf_snapshot(hub, tmp_path, worlds.ALPACA, repo_type="dataset", **NOWHERE)
    assert seen.value == str(found.path), seen.causes


def test_what_huggingface_hub_fetched_is_not_fetched_again(hub: Hub, tmp_path: Path) -> None:
    theirs = sdk.hf_snapshot(hub, tmp_path, worlds.ALPACA, repo_type="dataset")
    found = get(hub, tmp_path, changes=FROM_HF)
    assert (str(found.path), found.bytes_fetched) == (theirs.value, 0)
    hub.forget()
    assert get(hub, tmp_path, changes=FROM_HF | OFFLINE).path == found.path
    assert hub.requests == []


@BOTH
def test_load_dataset_reads_the_snapshot_offline(hub: Hub, tmp_path: Path, source: Changes) -> None:
    found = get(hub, tmp_path, changes=source)
    code = f"""
from datasets import load_dataset
found = load_dataset({str(found.path)!r})
done([found["train"][0]["instruction"], found["train"].num_rows, found["test"].num_rows])
"""
    read = sdk.python(code, sdk.environ(hub, tmp_path, **NOWHERE), tmp_path)
    assert read.value == ["train 0", 40, 5], read.causes


def test_load_dataset_by_name_fetches_no_file_again(hub: Hub, tmp_path: Path) -> None:
    """Online: offline the library looks for names in its own cache alone, whoever downloaded."""
    get(hub, tmp_path, changes=FROM_HF)
    hub.forget()
    code = f"""
from datasets import load_dataset
done(load_dataset({worlds.ALPACA!r}, split="test").num_rows)
"""
    read = sdk.python(code, sdk.environ(hub, tmp_path), tmp_path)
    assert read.value == 5, read.causes
    fetched = [r for r in hub.requests if r.method == "GET" and "/api/datasets/" not in r.path]
    assert fetched == []


def test_load_dataset_reads_parquet_from_a_plain_folder(hub: Hub, tmp_path: Path) -> None:
    write = """
import pyarrow, pyarrow.parquet as parquet
parquet.write_table(pyarrow.table({"text": ["a", "b", "c"]}), "rows.parquet")
done(True)
"""
    made = sdk.python(write, sdk.environ(hub, tmp_path), tmp_path)
    assert made.value is True, made.causes
    rows = (tmp_path / "rows.parquet").read_bytes()
    repo = Repo("o/rows", {"data/train-00000-of-00001.parquet": rows}, type="dataset")
    hub.site.world = World.of([repo], ())
    found = get(hub, tmp_path, repo.id, changes=FROM_HF, local_dir=tmp_path / "rows")
    code = f"""
from datasets import load_dataset
done(load_dataset({str(found.path)!r}, split="train")["text"][:])
"""
    read = sdk.python(code, sdk.environ(hub, tmp_path, **NOWHERE), tmp_path)
    assert read.value == ["a", "b", "c"], read.causes


def test_nothing_of_a_dataset_is_left_out_as_a_duplicate(tmp_path: Path) -> None:
    names = ("a.safetensors", "a.bin", "a.gguf", "original/a.txt", "consolidated.json", "x.tar")
    repo = Repo("o/all", {name: name.encode() for name in names}, type="dataset")
    with Hub([repo]) as hub:
        assert contents(get(hub, tmp_path, repo.id, changes=FROM_HF).path) == expected(repo)


def test_patterns_choose_among_a_datasets_files(hub: Hub, tmp_path: Path) -> None:
    found = get(hub, tmp_path, changes=FROM_HF, include=["data/"], exclude=["*test*"])
    assert found.files == ("data/train.jsonl",)


def test_a_plain_folder_holds_the_dataset_and_knows_it_again(hub: Hub, tmp_path: Path) -> None:
    target = tmp_path / "here"
    found = get(hub, tmp_path, changes=FROM_HF, local_dir=target)
    assert found.path == target and contents(target) == expected(worlds.alpaca())
    again = get(hub, tmp_path, changes=FROM_HF | OFFLINE, local_dir=target)
    assert again.files == found.files
    with pytest.raises(DownloadError) as caught:  # it is not the model of that name
        get(hub, tmp_path, changes=FROM_HF | OFFLINE, local_dir=target, repo_type="model")
    assert caught.value.code == "DWN001"


def test_a_hub_that_takes_nobodys_place_lists_data_but_no_code(tmp_path: Path) -> None:
    """ModelScope has no such dataset, so Hugging Face may list it, unconfirmed."""
    with Hub([worlds.alpaca().only_on("hf")], worlds.USERS) as hub:
        found = get(hub, tmp_path, changes=FROM_MS)
    assert found.files == ("README.md", "data/test.jsonl", "data/train.jsonl")
    assert [name for name, _ in found.dropped] == ["modelscope"]


@pytest.mark.parametrize(
    ("path", "harmless"),
    [
        ("data/train-00000-of-00001.parquet", True),
        ("train.jsonl", True),
        ("TRAIN.JSONL.GZ", True),
        ("a.csv.zst", True),
        ("README.md", True),
        ("images/1.png", True),
        ("alpaca.py", False),
        ("rows.pkl", False),
        ("rows.pkl.gz", False),
        ("all.tar.gz", False),
        ("all.zip", False),
        ("gz", False),
        (".gz", False),
        ("Makefile", False),
        ("model.safetensors", False),
    ],
)
def test_what_cannot_run_code_in_a_dataset(path: str, harmless: bool) -> None:
    files = (RepoFile("keep.json", 1, "a" * 64), RepoFile(path, 1, "b" * 64))
    listed = Manifest("o/n", "main", "c" * 40, files, Source("huggingface", "https://x"), "dataset")
    kept = {file.path for file in select(listed, only_harmless=True)}
    assert (path in kept) is harmless


@pytest.mark.spares("DWN003", "DWN008")
def test_the_other_hub_sends_the_same_bytes(hub: Hub, tmp_path: Path) -> None:
    hub.fault(Fault("refused", origin="cdn"))
    found = get(hub, tmp_path, changes=FROM_HF)
    assert contents(found.path) == expected(worlds.alpaca())
    assert "modelscope" in found.sources_used
    assert hub.seen("ms", "/api/v1/datasets/*") and not hub.seen("ms", "/api/v1/models/*")


def test_a_mirror_serves_datasets_without_a_token(hub: Hub, tmp_path: Path) -> None:
    mirror: Changes = {"QTUNE_SOURCES": hub.hf_url, "HF_TOKEN": worlds.GOOD}
    found = get(hub, tmp_path, changes=mirror)
    assert contents(found.path) == expected(worlds.alpaca())
    assert hub.carrying(worlds.GOOD) == set()


@pytest.mark.triggers("GATE401")
def test_a_gated_dataset_is_refused_as_a_dataset(tmp_path: Path) -> None:
    alone: Changes = FROM_HF | {"QTUNE_FALLBACK": "False"}
    with Hub([worlds.alpaca().only_on("hf", gated="auto")], worlds.USERS) as hub:
        with pytest.raises(Refused) as caught:
            get(hub, tmp_path, changes=alone)
        assert caught.value.code == "GATE401"
        assert "dataset tatsu-lab/alpaca is gated" in caught.value.message.en
        assert "门控数据集" in caught.value.message.zh
        assert caught.value.fix is not None
        assert f"{hub.hf_url}/datasets/tatsu-lab/alpaca" in caught.value.fix.en
        assert not list(folder_of(tmp_path).glob("snapshots/*"))


@pytest.mark.parametrize(
    ("there", "asked", "advice"),
    [
        (MODEL, "dataset", ("without --repo-type dataset", "去掉 --repo-type dataset")),
        (worlds.alpaca(), "model", ("`qtune download --repo-type dataset`", "如果是数据集")),
    ],
    ids=["a model", "a dataset"],
)
def test_a_name_that_no_hub_knows_may_be_one_of_the_other_kind(
    tmp_path: Path, there: Repo, asked: RepoType, advice: tuple[str, str]
) -> None:
    with Hub([there], worlds.USERS) as hub, pytest.raises(NotFound) as caught:
        get(hub, tmp_path, changes=FROM_MS, repo_type=asked)
    fix = caught.value.fix
    assert fix is not None and advice[0] in fix.en and advice[1] in fix.zh
    assert "private dataset" in fix.en or asked == "model"


@pytest.mark.triggers("DWN001")
def test_offline_a_missing_dataset_names_the_command_that_fetches_it(
    hub: Hub, tmp_path: Path
) -> None:
    get(hub, tmp_path, changes=FROM_HF, repo_type="model")  # the model is no answer
    with pytest.raises(DownloadError) as caught:
        get(hub, tmp_path, changes=FROM_HF | OFFLINE)
    assert caught.value.code == "DWN001"
    assert "no dataset tatsu-lab/alpaca" in caught.value.message.en
    assert "数据集 tatsu-lab/alpaca" in caught.value.message.zh
    assert caught.value.fix is not None
    assert "`qtune download --repo-type dataset tatsu-lab/alpaca`" in caught.value.fix.en


def test_offline_another_programs_dataset_serves_without_a_models_files(
    hub: Hub, tmp_path: Path
) -> None:
    theirs = sdk.hf_snapshot(hub, tmp_path, worlds.ALPACA, repo_type="dataset")
    shutil.rmtree(folder_of(tmp_path) / "trees")  # as clients before 2.0 leave it
    found = get(hub, tmp_path, changes=FROM_HF | OFFLINE)
    assert str(found.path) == theirs.value
    (found.path / "data/train.jsonl").resolve().unlink()
    with pytest.raises(DownloadError) as caught:
        get(hub, tmp_path, changes=FROM_HF | OFFLINE)
    assert "data/train.jsonl" in caught.value.message.en


@pytest.mark.parametrize("repo_type", ["model", "dataset"])
def test_a_saved_listing_remembers_what_it_lists(tmp_path: Path, repo_type: RepoType) -> None:
    files = (RepoFile("a.json", 1, "a" * 64),)
    source = Source("huggingface", "https://hf.example")
    manifest = Manifest("o/n", "main", "c" * 40, files, source, repo_type)
    path = tmp_path / "listing.json"
    path.write_bytes(manifests.to_json(manifest, False))
    saved = manifests.read_own(path)
    assert saved is not None and saved.manifest == manifest


def test_a_listing_saved_before_there_were_datasets_is_a_models(tmp_path: Path) -> None:
    files = (RepoFile("a.json", 1, "a" * 64),)
    manifest = Manifest("o/n", "main", "c" * 40, files, Source("huggingface", "https://hf.example"))
    written = json.loads(manifests.to_json(manifest, False))
    assert written["schema"] == 1  # a qtune of that time reads ours: it looks at no other key
    del written["repo_type"]
    path = tmp_path / "listing.json"
    path.write_text(json.dumps(written))
    saved = manifests.read_own(path)
    assert saved is not None and saved.manifest == manifest


def test_the_cache_shows_datasets_as_such(hub: Hub, tmp_path: Path) -> None:
    found = get(hub, tmp_path, changes=FROM_HF)
    get(hub, tmp_path, changes=FROM_HF, repo_type="model")
    by_label = {repo.label: repo for repo in read(tmp_path / "hf" / "hub").repos}
    assert set(by_label) == {"tatsu-lab/alpaca", "datasets/tatsu-lab/alpaca"}
    dataset = by_label["datasets/tatsu-lab/alpaca"]
    assert (dataset.kind, dataset.whole, dataset.brought_by) == ("dataset", True, ("qtune",))
    (found.path / "data/train.jsonl").unlink()
    (again,) = (r for r in read(tmp_path / "hf" / "hub").repos if r.kind == "dataset")
    assert again.revisions[0].missing == ("data/train.jsonl",)


def test_the_cache_does_not_miss_code_that_was_left_out(tmp_path: Path) -> None:
    with Hub([worlds.alpaca().only_on("hf")], worlds.USERS) as hub:
        get(hub, tmp_path, changes=FROM_MS)
    (dataset,) = read(tmp_path / "hf" / "hub").repos
    assert dataset.whole
