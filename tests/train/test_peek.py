"""What `qtune data` shows is, token by token, what the training is given."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from qtune.core.data.values import Preference
from qtune.train import data
from qtune.train.job import Job
from qtune.train.loading import load_tokenizer, prepare_quickstart
from qtune.train.peek import peek
from qtune.train.texts import tokenized
from qtune.train.texts.example import IGNORED
from tests.train.runs import make_job

TALK = [
    {"role": "user", "content": "one?"},
    {"role": "assistant", "content": "first"},
    {"role": "user", "content": "two?"},
]
ROWS = [
    {"messages": [*TALK, {"role": "assistant", "content": "second"}]},
    {"instruction": "你好？", "output": "你好！" * 30},
    {"prompt": "Once upon", "completion": " a time"},
]
PAIRS = [
    {"prompt": TALK, "chosen": "good", "rejected": "poor"},
    {"prompt": "q", "chosen": "<think>hm</think>good", "rejected": "poor and longer"},
]


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


def job(folder: Path, cache: Path, method: str, rows: list[Any]) -> Job:
    path = folder / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    text = f"model: quickstart\nmethod: {method}\ndata: {path}\nmax_length: 64\n"
    made = make_job(folder / "run", cache, text=text)
    prepare_quickstart(made, lambda event: None)
    return made


def shown(found: dict[str, Any]) -> list[tuple[str, list[str]]]:
    """Of each example its whole text, and the stretches that are learnt."""
    return [
        (
            "".join(piece["text"] for piece in example["pieces"]),
            [piece["text"] for piece in example["pieces"] if piece["learnt"]],
        )
        for example in found["examples"]
    ]


def test_answers_as_they_are_trained_on(tmp_path: Path, cache: Path) -> None:
    asked = job(tmp_path, cache, "sft", ROWS)
    found: Any = peek(asked, 10, 100)
    tokenizer = load_tokenizer(asked)
    texts = tokenized(asked, data.read(asked.config.data), tokenizer, lambda event: None)
    expected = []
    for example in texts:
        ids, labels = example["input_ids"], example["labels"]
        stretches: list[list[int]] = []
        last = IGNORED
        for token, label in zip(ids, labels, strict=True):
            if label != IGNORED:
                if last == IGNORED:
                    stretches.append([])
                stretches[-1].append(token)
            last = label
        expected.append((tokenizer.decode(ids), [tokenizer.decode(part) for part in stretches]))
    assert shown(found) == expected
    assert found["tokens"] == sum(texts.lengths)
    assert found["cut"] == texts.statistics.cut == 1
    assert found["learnt"] == texts.statistics.learnt
    # No more is counted than was asked for, and no more is shown.
    few: Any = peek(asked, 1, 2)
    assert (few["rows"], len(few["examples"])) == (2, 1)


def test_pairs_as_they_are_weighed(tmp_path: Path, cache: Path) -> None:
    from qtune.train.methods.pairs import Tokens

    asked = job(tmp_path, cache, "dpo", PAIRS)
    found: Any = peek(asked, 10, 100)
    tokenizer = load_tokenizer(asked)
    tokens = Tokens(asked, tokenizer)
    expected = []
    for row in data.read(asked.config.data, "dpo").usable:
        assert isinstance(row.value, Preference)
        record = tokens.preference(row.value)
        for side in ("chosen_ids", "rejected_ids"):
            expected.append(tokenizer.decode([*record["prompt_ids"], *record[side]]))
    assert [text.rstrip("\n") for text, _ in shown(found)] == expected
    assert [example["side"] for example in found["examples"]] == ["chosen", "rejected"] * 2
    assert [learnt for _, learnt in shown(found)][:2] == [["good<|im_end|>"], ["poor<|im_end|>"]]
