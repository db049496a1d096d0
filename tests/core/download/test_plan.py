"""Which files are wanted: the weights once, in the format that training reads."""

from __future__ import annotations

import pytest

from qtune.core.download.plan import make_plan, select
from qtune.core.errors import DownloadError
from qtune.core.hub.interface import Manifest, RepoFile
from qtune.core.sources import Source

ALWAYS = ["config.json", "tokenizer.json", "README.md", "merges.txt"]
DUPLICATES = [
    "model.gguf",
    "model.onnx",
    "onnx/decoder.json",
    "flax_model.msgpack",
    "tf_model.h5",
    "rust_model.ot",
    "original/consolidated.00.pth",
    "original/params.json",
    "consolidated.safetensors",
    "coreml/x/y.mlmodel",
    "openvino/model.xml",
]
PICKLES = ["pytorch_model.bin", "training_args.bin", "optimizer.pt", "x.pth"]
WEIGHTS = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"]


def _manifest(*paths: str) -> Manifest:
    files = tuple(RepoFile(p, 10 * n, "a" * 64) for n, p in enumerate(paths, 1))
    return Manifest("o/n", "main", "c" * 40, files, Source("modelscope", "https://x.example"))


def _selected(*paths: str, include: list[str] | None = None, exclude: list[str] | None = None,
              only_harmless: bool = False) -> set[str]:  # fmt: skip
    found = select(_manifest(*paths), include or [], exclude or [], only_harmless=only_harmless)
    return {f.path for f in found}


def test_safetensors_are_taken_and_their_duplicates_left() -> None:
    assert _selected(*ALWAYS, *WEIGHTS, *PICKLES, *DUPLICATES) == {*ALWAYS, *WEIGHTS}


def test_pickles_are_taken_where_there_is_nothing_better() -> None:
    assert _selected(*ALWAYS, *PICKLES, *DUPLICATES) == {*ALWAYS, *PICKLES}


def test_a_repository_of_gguf_files_is_taken_as_it_is() -> None:
    assert _selected("README.md", "q4.gguf", "q8.gguf") == {"README.md", "q4.gguf", "q8.gguf"}


def test_include_takes_exactly_what_it_says() -> None:
    paths = [*ALWAYS, *WEIGHTS, *PICKLES, *DUPLICATES]
    assert _selected(*paths, include=["*.gguf"]) == {"model.gguf"}
    assert _selected(*paths, include=["onnx/"]) == {"onnx/decoder.json"}


def test_exclude_takes_away_from_the_default() -> None:
    assert _selected(*ALWAYS, *WEIGHTS, exclude=["*.md", "*00002-of-*"]) == {
        "config.json", "tokenizer.json", "merges.txt", WEIGHTS[0],
    }  # fmt: skip


def test_from_an_unconfirmed_owner_nothing_comes_that_runs() -> None:
    paths = [
        *ALWAYS,
        *WEIGHTS,
        *PICKLES,
        "modeling.py",
        "setup.sh",
        "tokenizer.model",
        "x.SAFETENSORS",
    ]
    assert _selected(*paths, include=["*"], only_harmless=True) == {
        "config.json", "tokenizer.json", "merges.txt", *WEIGHTS, "tokenizer.model", "x.SAFETENSORS",
    }  # fmt: skip


def test_nothing_selected_is_an_error_that_shows_what_there_is() -> None:
    with pytest.raises(DownloadError) as caught:
        _selected(*ALWAYS, include=["*.ggfu"])
    assert caught.value.code == "DWN005"
    assert "*.ggfu" in caught.value.message.en and "config.json" in caught.value.message.en


def test_the_plan_counts_what_is_missing_largest_first() -> None:
    manifest = _manifest("a", "b", "c", "d")
    plan = make_plan(manifest, manifest.files, lambda f: f.path == "c")
    assert [f.path for f in plan.missing] == ["d", "b", "a"]
    assert [f.path for f in plan.present] == ["c"]
    assert plan.bytes == 70
    assert [f.path for f in plan.files] == ["a", "b", "c", "d"]
