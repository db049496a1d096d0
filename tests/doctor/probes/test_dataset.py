"""The data set as it is looked at: within its time, and with the model's tokenizer where one is at hand."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path

import pytest

from qtune.core.workload import Workload
from qtune.doctor.facts import DataAsked, Dataset
from qtune.doctor.probes import dataset
from tests.doctor.probes.looking import NOTHING, looking
from tests.hub import worlds

LONG = {"instruction": "one two", "output": "three " * 40}
SHORT = {"instruction": "q", "output": "a"}


def jsonl(path: Path, *rows: object) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def probed(
    folder: Path,
    *paths: Path,
    max_length: int = 32,
    model: str = worlds.QWEN,
    local: bool = False,
    seconds: float = dataset.SECONDS,
    **environ: str,
) -> Dataset:
    with looking(folder, environ) as context:
        goal = replace(
            context.goal,
            model=model,
            local=local,
            data=tuple(DataAsked(str(path)) for path in paths),
            training=Workload(max_length=max_length),
        )
        return dataset.probe(replace(context, goal=goal), NOTHING, seconds).value


def words_tokenizer(folder: Path, template: bool = True) -> Path:
    """One token for each word: a real tokenizer.json, small enough to write by hand."""
    folder.mkdir(parents=True)
    vocabulary = {"[UNK]": 0, "one": 1, "two": 2, "three": 3}
    tokenizer = {
        "version": "1.0",
        "added_tokens": [],
        "pre_tokenizer": {"type": "Whitespace"},
        "model": {"type": "WordLevel", "vocab": vocabulary, "unk_token": "[UNK]"},
    }
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer))
    config = {"chat_template": "{{ messages }}"} if template else {}
    (folder / "tokenizer_config.json").write_text(json.dumps(config))
    return folder


def cached(home: Path, model: str) -> Path:
    """Where the Hugging Face cache holds the model's only snapshot."""
    root = home / ".cache/huggingface/hub" / f"models--{model.replace('/', '--')}"
    (root / "refs").mkdir(parents=True)
    (root / "refs/main").write_text("a" * 40)
    return words_tokenizer(root / "snapshots" / ("a" * 40))


def test_rows_are_counted_by_the_tokenizer_of_a_local_model(tmp_path: Path) -> None:
    pytest.importorskip("tokenizers")
    folder = words_tokenizer(tmp_path / "model")
    data = jsonl(tmp_path / "d.jsonl", SHORT, LONG, SHORT)
    found = probed(tmp_path, data, model=str(folder), local=True)
    assert found.template is True
    lengths = found.lengths
    assert lengths is not None
    assert (lengths.how, lengths.rows, lengths.over, lengths.hopeless) == ("tokenizer", 3, 1, 0)
    assert lengths.longest == 42


def test_and_of_a_model_in_the_cache(tmp_path: Path, home: Path) -> None:
    pytest.importorskip("tokenizers")
    cached(home, worlds.QWEN)
    data = jsonl(tmp_path / "d.jsonl", LONG)
    found = probed(tmp_path, data)
    assert found.lengths is not None and found.lengths.how == "tokenizer"
    assert found.template is True


def test_a_row_of_many_bytes_and_few_tokens_is_not_long(tmp_path: Path) -> None:
    pytest.importorskip("tokenizers")
    folder = words_tokenizer(tmp_path / "model")
    data = jsonl(tmp_path / "d.jsonl", {"instruction": "one", "output": "x" * 400})
    lengths = probed(tmp_path, data, model=str(folder), local=True).lengths
    assert lengths is not None and lengths.over == 0


def test_without_the_model_it_is_an_estimate(tmp_path: Path) -> None:
    data = jsonl(tmp_path / "d.jsonl", LONG, SHORT)
    found = probed(tmp_path, data)
    assert found.template is None
    assert found.lengths is not None
    assert (found.lengths.how, found.lengths.over) == ("estimate", 1)


@pytest.mark.parametrize("broken", [b"", b"{", b'{"model": 3}', b"\xff\xfe\x00"])
def test_a_tokenizer_that_cannot_be_read_costs_no_more_than_the_count(
    tmp_path: Path, broken: bytes
) -> None:
    folder = words_tokenizer(tmp_path / "model")
    (folder / "tokenizer.json").write_bytes(broken)
    (folder / "tokenizer_config.json").write_bytes(broken)
    data = jsonl(tmp_path / "d.jsonl", LONG)
    found = probed(tmp_path, data, model=str(folder), local=True)
    assert found.lengths is not None and found.lengths.how == "estimate"


def test_rows_that_cannot_be_too_long_are_not_measured(tmp_path: Path) -> None:
    assert probed(tmp_path, jsonl(tmp_path / "d.jsonl", SHORT)).lengths is None


def test_a_tokenizers_in_the_project_is_not_run(tmp_path: Path) -> None:
    (tmp_path / "tokenizers.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    folder = words_tokenizer(tmp_path / "model")
    data = jsonl(tmp_path / "d.jsonl", LONG)
    probed(tmp_path, data, model=str(folder), local=True)
    assert not (tmp_path / "ran").exists()


def test_time_is_over_for_all_files_together(tmp_path: Path) -> None:
    row = {"instruction": "q" * 500, "output": "a" * 500}
    paths = [jsonl(tmp_path / f"{n}.jsonl", *[row] * 3000) for n in range(3)]
    began = time.monotonic()
    found = probed(tmp_path, *paths, seconds=0.02, max_length=4096)
    assert time.monotonic() - began < 1
    assert not all(file.whole for file in found.files)
    assert sum(file.rows for file in found.files) >= 64


def test_what_is_missing_is_a_fact_not_a_failure(tmp_path: Path) -> None:
    good = jsonl(tmp_path / "d.jsonl", SHORT)
    found = probed(tmp_path, tmp_path / "absent.jsonl", tmp_path, good)
    assert [file.problem for file in found.files] == ["missing", "folder", ""]
