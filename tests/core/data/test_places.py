"""From a folder or a repository to the files that are meant: splits, subsets, cards, links that go round."""

from __future__ import annotations

from pathlib import Path

import pytest

from qtune.core.data import cards, folders, splits
from qtune.core.data.places import NoFiles, files
from qtune.core.runconfig import DataSource


@pytest.mark.parametrize(
    ("split", "expected"),
    [
        ("train", ["data/train-00000-of-00002.parquet", "data/train-00001-of-00002.parquet"]),
        ("test", ["data/test-00000-of-00001.parquet"]),
        ("validation", ["valid/rows.jsonl"]),
        ("dev", ["valid/rows.jsonl"]),
        ("eval", ["data/test-00000-of-00001.parquet"]),
        ("extra", []),
    ],
)
def test_the_names_of_files_tell_their_split(split: str, expected: list[str]) -> None:
    names = [
        "data/test-00000-of-00001.parquet",
        "data/train-00001-of-00002.parquet",
        "data/train-00000-of-00002.parquet",
        "valid/rows.jsonl",
        "trainer.jsonl",
    ]
    assert splits.choose(names, split) == expected


def test_without_a_split_in_any_name_all_is_for_training() -> None:
    assert splits.choose(["b.jsonl", "a.jsonl"], "train") == ["a.jsonl", "b.jsonl"]
    assert splits.choose(["alpaca.json", "eval.json"], "train") == ["alpaca.json"]
    assert splits.choose(["alpaca.json"], "test") == []


@pytest.mark.parametrize(
    "names",
    [
        ["train.jsonl", "test.jsonl"],
        ["train2.jsonl", "test2.jsonl"],
        ["my_train_file.csv", "my_test_file.csv"],
        ["Train-1.jsonl", "TEST-1.jsonl"],
        ["data.train.jsonl", "data.dev.jsonl"],
        ["en/training/a.jsonl", "en/eval/a.jsonl"],
        ["数据train.jsonl", "数据test.jsonl"],
    ],
)
def test_what_is_for_a_test_is_never_trained_on(names: list[str]) -> None:
    assert splits.choose(names, "train") == names[:1]


def test_a_split_of_another_name_is_found_whole() -> None:
    names = ["data/train_sft-0.parquet", "data/train_prefs-0.parquet", "data/test_sft-0.parquet"]
    assert splits.choose(names, "train_sft") == ["data/train_sft-0.parquet"]


def test_a_folder_gives_its_data_files_sorted_and_each_once(tmp_path: Path) -> None:
    for name in ("b.jsonl", "a/c.csv", "a/dataset_info.json", "a/x.py", ".git/d.json", "_e/f.json"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"")
    (tmp_path / "a" / "round").symlink_to(tmp_path)
    (tmp_path / "gone").symlink_to(tmp_path / "nowhere")
    (tmp_path / "linked.json").symlink_to(tmp_path / "b.jsonl")
    assert folders.inside(tmp_path) == ["a/c.csv", "b.jsonl", "linked.json"]


def test_a_local_folder_is_read_by_split(tmp_path: Path) -> None:
    folder = tmp_path / "test"  # its own name is no split
    folder.mkdir()
    for name in ("train.jsonl", "test.jsonl"):
        (folder / name).write_bytes(b"")
    assert files(DataSource(folder)) == [folder / "train.jsonl"]
    assert files(DataSource(folder, split="test")) == [folder / "test.jsonl"]
    assert files(DataSource(folder / "test.jsonl")) == [folder / "test.jsonl"]
    with pytest.raises(NoFiles) as caught:
        files(DataSource(folder, split="validation"))
    assert "there are train, test" in caught.value.reason.en
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(NoFiles) as caught:
        files(DataSource(empty))
    assert "no data file" in caught.value.reason.en


CARD = """---
license: mit
configs:
- config_name: en
  default: true
  data_files:
  - split: train
    path: "en/part-*.jsonl"
  - split: test
    path: [en/held.jsonl]
- config_name: zh
  data_dir: chinese
- config_name: all
  data_files: "**/*.jsonl"
---
# words
configs: nothing
"""
PATHS = ["chinese/train.jsonl", "en/held.jsonl", "en/part-1.jsonl", "en/part-2.jsonl", "top.jsonl"]


@pytest.mark.parametrize(
    ("subset", "split", "expected"),
    [
        ("", "train", ["en/part-1.jsonl", "en/part-2.jsonl"]),
        ("en", "test", ["en/held.jsonl"]),
        ("zh", "train", ["chinese/train.jsonl"]),
        ("all", "train", PATHS),
    ],
)
def test_a_card_says_which_files_a_subset_has(subset: str, split: str, expected: list[str]) -> None:
    assert cards.choose(PATHS, CARD, subset, split) == expected


def test_a_subset_that_is_not_there_names_those_that_are() -> None:
    with pytest.raises(cards.NoSubset) as caught:
        cards.choose(PATHS, CARD, "fr", "train")
    assert caught.value.names == ("en", "zh", "all")
    several = CARD.replace("  default: true\n", "")
    with pytest.raises(cards.NoSubset):
        cards.choose(PATHS, several, "", "train")


def test_without_a_card_a_subset_is_a_folder_or_the_name_of_a_file() -> None:
    assert cards.choose(PATHS, "", "en", "train") == [
        "en/held.jsonl",
        "en/part-1.jsonl",
        "en/part-2.jsonl",
    ]
    assert cards.choose(PATHS, "", "top", "train") == ["top.jsonl"]
    with pytest.raises(cards.NoSubset) as caught:
        cards.choose(PATHS, "# no front matter", "fr", "train")
    assert caught.value.names == ("chinese", "en")


@pytest.mark.parametrize(
    "card",
    [
        "---\nconfigs: [\n---\n",
        "---\nconfigs: 3\n---\n",
        "---\nconfigs:\n- 1\n---\n",
        "---\nlicense: mit\n",
        "---\n&a [*a]\n---\n",
        "\ufeff---\n---\n",
        "",
    ],
)
def test_a_card_that_cannot_be_read_says_nothing(card: str) -> None:
    assert cards.subsets(card) == ()
