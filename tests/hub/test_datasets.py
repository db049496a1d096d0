"""Datasets of both hubs, as the hubs' own clients fetch them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hub import Hub, Repo, sdk, worlds
from tests.hub.fetch import fetch

MODEL = worlds.small(worlds.ALPACA)  # a model of the same name: another repository


@pytest.fixture
def hub() -> Iterator[Hub]:
    with Hub([worlds.alpaca(), MODEL], worlds.USERS) as hub:
        yield hub


def test_huggingface_hub_fetches_the_dataset_and_not_the_model(hub: Hub, tmp_path: Path) -> None:
    for repo, repo_type in ((worlds.alpaca(), "dataset"), (MODEL, "model")):
        found = sdk.hf_snapshot(hub, tmp_path, repo.id, repo_type=repo.type)
        assert sdk.contents(Path(found.value)) == dict(sorted(repo.files.items()))
        assert f"{repo_type}s--tatsu-lab--alpaca" in found.value


def test_modelscope_fetches_the_dataset_and_not_the_model(hub: Hub, tmp_path: Path) -> None:
    for repo in (worlds.alpaca(), MODEL):
        found = sdk.ms_snapshot(hub, tmp_path, repo.id, repo_type=repo.type)
        assert sdk.contents(Path(found.value)) == dict(sorted(repo.files.items()))


def test_modelscopes_client_turns_every_page(tmp_path: Path) -> None:
    repo = Repo("o/many", {f"d/{n:03}.json": b"%d" % n for n in range(450)}, type="dataset")
    with Hub([repo]) as hub:
        found = sdk.ms_snapshot(hub, tmp_path, repo.id, repo_type="dataset")
        pages = [r.query["PageNumber"] for r in hub.seen("ms", "*/repo/tree")]
    assert sdk.contents(Path(found.value)) == repo.files
    assert pages == ["1", "2", "3"]  # 450 files and their folder


def test_load_dataset_reads_the_splits_by_name(hub: Hub, tmp_path: Path) -> None:
    code = f"""
from datasets import load_dataset
found = load_dataset({worlds.ALPACA!r})
done([found["train"][0]["instruction"], found["train"].num_rows, found["test"].num_rows])
"""
    found = sdk.python(code, sdk.environ(hub, tmp_path), tmp_path)
    assert found.value == ["train 0", 40, 5], found.causes


def test_a_gated_dataset_is_refused_in_its_own_words(tmp_path: Path) -> None:
    gated = worlds.alpaca().only_on("hf", gated="auto")
    with Hub([gated], worlds.USERS) as hub:
        found = sdk.hf_snapshot(hub, tmp_path, gated.id, repo_type="dataset")
        answer = fetch(f"{hub.hf_url}/datasets/{gated.id}/resolve/main/README.md")
    assert found.error == "GatedRepoError"
    assert answer.status == 401
    assert answer.headers["x-error-message"].startswith("Access to dataset tatsu-lab/alpaca is")
