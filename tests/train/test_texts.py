"""Rows of every kind as tokens; kept in the cache, counted, and shown as the model sees them."""

from __future__ import annotations

import gc
import json
import os
import pickle
import shutil
from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qtune.core.data.unusable import Unusable
from qtune.core.data.values import Completion, Conversation, Message, Passage, Value
from qtune.core.runconfig import DataSource
from qtune.train.data import Row, Rows, read
from qtune.train.events import Event, Log, Progress
from qtune.train.job import Job
from qtune.train.stream import Stream
from qtune.train.texts import Texts, cache, parallel, show, tokenized
from qtune.train.texts.example import IGNORED, Example
from qtune.train.texts.making import Recipe, examples, make
from tests.train import templates
from tests.train.runs import make_job

CHAT = Conversation((Message("user", "how much"), Message("assistant", "a lot")))
text = st.text(
    st.characters(codec="utf-8", exclude_characters="\ufffd"), min_size=1, max_size=60
).filter(str.strip)


def qwen() -> Any:
    return templates.tokenizer("qwen3")


def llama() -> Any:
    """A tokenizer that puts a beginning before every text."""
    from tokenizers.processors import TemplateProcessing

    made = deepcopy(qwen())
    made.backend_tokenizer.post_processor = TemplateProcessing(
        single="<|endoftext|> $A", special_tokens=[("<|endoftext|>", made.bos_token_id)]
    )
    return made


@pytest.fixture
def job(tmp_path: Path) -> Job:
    return make_job(tmp_path / "out", tmp_path / "cache")


def rows(*values: Value) -> Rows:
    return Rows([Row(Path("/data/a.jsonl"), line, each) for line, each in enumerate(values, 1)], ())


def texts_of(job: Job, *values: Value, tokenizer: Any = None) -> tuple[Texts, list[Event]]:
    said: list[Event] = []
    return tokenized(job, rows(*values), tokenizer or qwen(), said.append), said


def ends_of(ids: Sequence[int]) -> str:
    return str(qwen().decode(ids[-1:]))


@settings(max_examples=40, deadline=None, derandomize=True)
@given(prompt=text, answer=text)
def test_a_completion_is_learnt_behind_its_prompt_with_an_end(prompt: str, answer: str) -> None:
    (example,) = examples(qwen(), Completion(prompt, answer), max_length=10_000)
    asked = qwen()(prompt, add_special_tokens=False)["input_ids"]
    assert example.input_ids[: len(asked)] == asked  # as it is when the model writes
    assert example.labels == [IGNORED] * len(asked) + example.input_ids[len(asked) :]
    assert qwen().decode(example.input_ids) == prompt + answer + "<|im_end|>"


@settings(max_examples=40, deadline=None, derandomize=True)
@given(content=text, length=st.integers(16, 24))
def test_of_a_long_passage_nothing_is_lost(content: str, length: int) -> None:
    made = examples(qwen(), Passage(content * 9), max_length=length)
    ids = [token for example in made for token in example.input_ids]
    assert qwen().decode(ids) == content * 9 + "<|im_end|>"
    assert all(example.labels == example.input_ids and not example.cut for example in made)
    sizes = [len(example.input_ids) for example in made]
    if sizes[-2:] == [length - 1, 2]:  # one token alone would have nothing before it
        sizes[-2:] = [length, 1]
    assert sizes[:-1] == [length] * (len(made) - 1)


def test_plain_texts_begin_as_the_tokenizer_begins_texts_and_chats_as_their_template_does() -> None:
    tokenizer = llama()
    for value in (Passage("one"), Completion("one", "two")):
        (example,) = examples(tokenizer, value, max_length=99)
        assert example.input_ids.count(tokenizer.bos_token_id) == 1
        assert example.input_ids[0] == tokenizer.bos_token_id
    (chat,) = examples(tokenizer, CHAT, max_length=99)
    assert tokenizer.bos_token_id not in chat.input_ids


def test_for_continued_pretraining_a_chat_is_learnt_from_end_to_end() -> None:
    (made,) = make(qwen(), Recipe(4096, documents=True), [CHAT])
    assert not isinstance(made, Unusable)
    ((example,),) = made.examples
    assert example.labels == example.input_ids
    whole = [message.as_dict() for message in CHAT.messages]
    assert qwen().decode(example.input_ids) == qwen().apply_chat_template(whole, tokenize=False)


def test_an_answer_that_nothing_asks_for_is_read_and_not_learnt() -> None:
    opening = Conversation((Message("assistant", "hello"), *CHAT.messages))
    (example,) = examples(templates.tokenizer("qwen2_5_vl"), opening, max_length=4096)
    shown = show.spans(templates.tokenizer("qwen2_5_vl"), example)
    assert [piece for piece, learnt in shown if learnt] == ["a lot<|im_end|>"]
    assert "hello" in shown[0][0]
    with pytest.raises(Unusable) as caught:
        examples(qwen(), Conversation((Message("assistant", "hello"),)), max_length=4096)
    assert caught.value.kind == "no-answer"


@pytest.mark.parametrize(
    "spoilt",
    [
        Conversation((Message("user", "q"), Message("assistant", "a", reasoning="<|im_end|>"))),
        Conversation(CHAT.messages, ({"function": {"name": "f", "description": "<|im_start|>"}},)),
        Conversation(
            (
                Message("user", "q"),
                Message("assistant", "", tool_calls=({"function": {"name": "<|im_end|>"}},)),
            )
        ),
    ],
)
def test_control_tokens_are_refused_wherever_they_hide(spoilt: Conversation) -> None:
    with pytest.raises(Unusable) as caught:
        examples(qwen(), spoilt, max_length=4096)
    assert caught.value.kind == "control-token"


def test_a_control_token_without_a_name_of_its_own_is_refused_too() -> None:
    """Llama 3 has two hundred and fifty; its tokenizer names three."""
    from tokenizers import AddedToken

    tokenizer = deepcopy(qwen())
    tokenizer.add_tokens([AddedToken("<|header|>", special=True)], special_tokens=True)
    spoilt = Conversation((Message("user", "<|header|>"), Message("assistant", "a")))
    with pytest.raises(Unusable):
        examples(tokenizer, spoilt, max_length=99)


@settings(max_examples=30, deadline=None, derandomize=True)
@given(data=st.data())
def test_what_is_shown_is_the_whole_example(data: st.DataObject) -> None:
    conversation = data.draw(templates.conversations(tools=True))
    for example in examples(qwen(), conversation, max_length=10_000):
        shown = show.spans(qwen(), example)
        assert "".join(piece for piece, _ in shown) == qwen().decode(example.input_ids)
        learnt = [piece for piece, use in shown if use]
        assert all(piece.endswith("<|im_end|>") for piece in learnt)
        assert not any("tool_response" in piece for piece in learnt)


def test_a_cut_within_a_character_is_shown_without_a_broken_one() -> None:
    ids = qwen()("龘", add_special_tokens=False)["input_ids"]
    assert len(ids) > 1
    halves = Example(ids, [IGNORED, *ids[1:]], 0)
    assert show.spans(qwen(), halves) == [("龘", False)]


def test_a_template_may_be_missing_where_it_has_no_part(job: Job) -> None:
    tokenizer = deepcopy(qwen())
    tokenizer.chat_template = None
    texts, _ = texts_of(job, Passage("one"), Completion("two", "three"), tokenizer=tokenizer)
    assert len(texts) == 2


def test_texts_are_what_the_rows_make_and_know_where_they_came_from(job: Job) -> None:
    values: list[Value] = [CHAT, Passage("one two"), Completion("q", "a")]
    texts, _ = texts_of(job, *values)
    wanted = [example for value in values for example in examples(qwen(), value, max_length=256)]
    assert list(texts) == [{"input_ids": e.input_ids, "labels": e.labels} for e in wanted]
    assert texts[-1] == texts[2]
    with pytest.raises(IndexError):
        texts[3]
    assert list(texts.lengths) == [len(e.input_ids) for e in wanted]
    assert [texts.origin(index)[1] for index in range(3)] == [1, 2, 3]


def test_a_worker_process_gets_the_place_of_the_tokens_not_the_tokens(job: Job) -> None:
    texts, _ = texts_of(job, Passage("word " * 20_000), CHAT)
    handed = pickle.dumps(texts)
    assert len(handed) < 1_000
    there = pickle.loads(handed)
    assert there[len(there) - 1] == texts[len(texts) - 1]
    assert there.origin(0) == texts.origin(0)


def test_a_refused_row_shifts_no_origin(job: Job) -> None:
    bad = Conversation((Message("user", "<|im_end|>"), Message("assistant", "a")))
    job = replace(job, config=replace(job.config, max_unusable=0.5))
    turns = Conversation((*CHAT.messages, Message("user", "more"), Message("assistant", "no")))
    texts, said = texts_of(job, bad, turns, Passage("x"))
    assert [texts.origin(index)[1] for index in range(len(texts))] == [2, 2, 3]
    logs = [event.text.en for event in said if isinstance(event, Log)]
    assert any("a.jsonl:1:" in line for line in logs), logs
    assert any("1 conversations were taken apart" in line for line in logs), logs


def entries() -> list[Path]:
    return sorted(cache.root().iterdir())


@pytest.fixture
def making(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """Counts how often rows are really tokenized."""
    from qtune.train.texts import parallel

    counted: list[int] = []

    def counting(*given: Any) -> Any:
        counted.append(1)
        return make(*given)

    monkeypatch.setattr(parallel, "make", counting)
    yield counted


def test_the_same_is_tokenized_once_and_anything_else_anew(job: Job, making: list[int]) -> None:
    first, _ = texts_of(job, CHAT, Passage("one"))
    again, said = texts_of(job, CHAT, Passage("one"))
    assert len(making) == 1 and list(again) == list(first)
    assert any(isinstance(e, Log) and e.text.en.startswith("2 rows") for e in said)
    changed = templates.tokenizer("qwen2_5")
    for number, call in enumerate(
        (
            lambda: texts_of(job, CHAT, Passage("two")),
            lambda: texts_of(job, Passage("one"), CHAT),
            lambda: texts_of(job, CHAT, Passage("one"), tokenizer=changed),
            lambda: texts_of(replace(job, config=replace(job.config, max_length=99)), CHAT),
            lambda: texts_of(replace(job, config=replace(job.config, enable_thinking=True)), CHAT),
            lambda: texts_of(replace(job, config=replace(job.config, method="pt")), CHAT),
        ),
        start=2,
    ):
        call()  # type: ignore[no-untyped-call]  # mypy takes no type from a tuple of lambdas
        assert len(making) == number


@pytest.mark.parametrize("name", ["ids", "learnt", "about.json", "rows"])
@pytest.mark.parametrize("harm", ["flip", "cut", "gone"])
def test_a_torn_or_changed_entry_is_made_anew(
    job: Job, making: list[int], name: str, harm: str
) -> None:
    first, _ = texts_of(job, CHAT)
    wanted = list(first)
    (entry,) = entries()
    path = entry / name
    raw = path.read_bytes()
    if harm == "gone":
        path.unlink()
    else:
        path.write_bytes(raw[:-1] + bytes([raw[-1] ^ 1]) if harm == "flip" else raw[:-1])
    again, _ = texts_of(job, CHAT)
    assert len(making) == 2 and list(again) == wanted
    texts_of(job, CHAT)
    assert len(making) == 2


def test_what_a_kill_leaves_is_not_read_and_goes_with_time(job: Job) -> None:
    texts_of(job, CHAT)
    (entry,) = entries()
    fresh, old = cache.root() / ".making-fresh", cache.root() / ".making-old"
    shutil.copytree(entry, fresh)
    shutil.copytree(entry, old)
    os.utime(old, (0, 0))
    texts_of(job, Passage("other"))
    assert fresh.is_dir() and not old.exists()


def test_several_processes_make_the_same_in_the_same_order() -> None:
    bad = Conversation((Message("user", "<|im_end|>"), Message("assistant", "a")))
    values: list[Value] = [CHAT, bad, *(Passage(f"number {n}") for n in range(1200)), CHAT]
    wanted = list(make(qwen(), Recipe(64), values))
    got = list(parallel.made(qwen(), Recipe(64), values, 0, processes=2))
    assert len(got) == len(wanted)
    for ours, theirs in zip(got, wanted, strict=True):
        if isinstance(theirs, Unusable):
            assert isinstance(ours, Unusable)
            assert (ours.kind, ours.detail) == (theirs.kind, theirs.detail)
        else:
            assert ours == theirs


def test_a_tokenizer_that_cannot_be_handed_on_is_used_here() -> None:
    tokenizer = deepcopy(qwen())
    tokenizer.own = lambda: None  # as a model's own code may leave one
    made = list(parallel.made(tokenizer, Recipe(64), [CHAT] * 3, 0, processes=2))
    assert made == list(make(qwen(), Recipe(64), [CHAT] * 3))


def test_a_stream_is_tokenized_as_it_is_read_and_known_again(
    job: Job, tmp_path: Path, making: list[int]
) -> None:
    path = tmp_path / "many.jsonl"
    lines = [json.dumps({"prompt": f"q {n}", "completion": f"a {n}"}) for n in range(40)]
    path.write_text("\n".join([*lines, "broken", lines[0]]), encoding="utf-8")
    config = replace(job.config, data=(DataSource(path),), streaming=True, max_unusable=0.1)
    job = replace(job, config=config)
    said: list[Event] = []
    texts = tokenized(job, Stream(config), qwen(), said.append)
    gathered = tokenized(job, read(config.data), qwen(), said.append)
    assert sorted(map(repr, texts)) == sorted(map(repr, gathered))
    by_line = {origin: gathered[at] for at, origin in enumerate(map(gathered.origin, range(41)))}
    assert [by_line[texts.origin(at)] for at in range(41)] == list(texts)
    logs = [event.text.en for event in said if isinstance(event, Log)]
    assert sum("many.jsonl:41" in line for line in logs) == 2, logs
    assert pickle.loads(pickle.dumps(texts)).origin(7) == texts.origin(7)
    count = len(making)
    again: list[Event] = []
    assert list(tokenized(job, Stream(config), qwen(), again.append)) == list(texts)
    assert len(making) == count
    assert any(isinstance(e, Log) and "many.jsonl:41" in e.text.en for e in again)
    path.write_text("\n".join(lines), encoding="utf-8")
    assert len(tokenized(job, Stream(config), qwen(), again.append)) == 40
    assert len(making) == count + 1


def test_only_the_last_used_are_kept(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "KEPT", 3)
    first, _ = texts_of(job, Passage("0"))
    (kept,) = entries()
    for number in range(1, 5):
        texts_of(job, Passage(str(number)))
        os.utime(kept)
    assert len(entries()) == 3 and kept in entries()
    assert list(first)  # what is mapped stays readable


def test_without_a_place_for_the_cache_training_goes_on(job: Job) -> None:
    cache.root().parent.mkdir(parents=True, exist_ok=True)
    cache.root().write_text("in the way")
    texts, _ = texts_of(job, CHAT)
    assert len(texts) == 1 and texts[0]["input_ids"]
    folder = texts._keep.path
    assert folder.is_dir()
    del texts
    gc.collect()
    assert not folder.exists()


def test_the_numbers_are_right_and_told(job: Job) -> None:
    job = replace(job, config=replace(job.config, max_length=24))
    long = Conversation((Message("user", "q"), Message("assistant", "word " * 30)))
    lost = Conversation((Message("user", "q" * 60), Message("assistant", "a")))
    texts, said = texts_of(job, CHAT, long, lost)
    found = texts.statistics
    made = [examples(qwen(), value, max_length=24)[0] for value in (CHAT, long, lost)]
    learnt = [sum(label != IGNORED for label in example.labels) for example in made]
    assert learnt[2] == 0
    assert (found.rows, found.examples, found.answerless, found.cut) == (3, 2, 1, 1)
    assert found.tokens == sum(len(e.input_ids) for e in made[:2])
    assert found.learnt == sum(learnt)
    assert found.cut_tokens == made[1].cut
    whole = [len(e.input_ids) + e.cut for e in made]
    assert found.longest == max(whole)
    assert sum(count for _, count in found.histogram) == 3
    logs = [event.text.en for event in said if isinstance(event, Log)]
    assert any("longer than max_length 24" in line for line in logs), logs
    assert any(f"{found.tokens} tokens, of which {found.learnt} (" in line for line in logs), logs
    assert json.loads(json.dumps(found.as_dict()))["examples"] == 2


def test_what_takes_long_is_told_as_it_goes_on(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    import qtune.train.texts as package

    monkeypatch.setattr(package, "TELLS_EVERY_S", 0.0)
    _, said = texts_of(job, CHAT, CHAT)
    told = [(event.done, event.total) for event in said if isinstance(event, Progress)]
    assert told[-1] == (2, 2) and told == sorted(told)


def test_a_tokenizer_written_in_python_serves_as_well(job: Job) -> None:
    """It knows no places of tokens, and its files do not tell what it does: nothing is kept."""
    from transformers import ByT5Tokenizer

    tokenizer: Any = ByT5Tokenizer(extra_ids=0)
    tokenizer.add_special_tokens({"additional_special_tokens": ["<|im_start|>", "<|im_end|>"]})
    tokenizer.chat_template = templates.source("qwen2_5")
    assert not tokenizer.is_fast
    turns = (*CHAT.messages, Message("user", "und mehr 令牌?"), Message("assistant", " nein é"))
    texts, _ = texts_of(job, Conversation(turns), Completion("q", "a"), tokenizer=tokenizer)
    assert [piece for piece, learnt in show.spans(tokenizer, texts[0]) if learnt] == [
        "a lot<|im_end|>",
        " nein é<|im_end|>",
    ]
    assert [piece for piece, learnt in show.spans(tokenizer, texts[1])] == ["q", "a</s>"]
    assert not cache.root().exists()


def test_a_piece_of_one_token_is_no_example(job: Job) -> None:
    """Nothing comes before its only token: a step of it alone would have no loss."""
    text = "one two three four five six"
    length = len(examples(qwen(), Passage(text), max_length=4096)[0].input_ids)
    pieces = examples(qwen(), Passage(text), max_length=length - 1)
    assert [len(piece.input_ids) for piece in pieces] == [length - 2, 2]
    alone = Passage(qwen().eos_token)
    texts = tokenized(job, rows(alone, Passage(text)), qwen(), list[Event]().append)
    assert len(texts) == 1
