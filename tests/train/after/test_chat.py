"""The child that answers: piece by piece, one question after the other, until it is told to stop."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from qtune.core.errors import TrainError
from qtune.core.text import Text
from qtune.train.after.chat import serve
from qtune.train.after.events import Answered, Event, Loaded, Piece, decode, encode
from qtune.train.after.generate import Sampling, Stream
from qtune.train.after.inbox import Inbox
from qtune.train.after.prompt import stop_ids
from qtune.train.events import Failed, Log
from tests.train.after.models import adapter, asked, base

pytestmark = pytest.mark.filterwarnings(
    "ignore:.is_gradient_checkpointing. is deprecated:FutureWarning"
)
HELLO = [{"role": "user", "content": "Hello"}]


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return base(tmp_path_factory.mktemp("base"))


@pytest.fixture(scope="module")
def tuned(tmp_path_factory: pytest.TempPathFactory, plain: Path) -> Path:
    return adapter(tmp_path_factory.mktemp("adapter"), plain)


class Talk:
    """The child in a thread of this process, and what it told."""

    def __init__(self, **options: Any) -> None:
        reader, self._writer = os.pipe()
        self._reader = reader
        self.events: list[Event] = []
        self._told = threading.Condition()
        self.inbox = Inbox(reader, patient=True)
        self._options = options

    def run(self, folder: Path, on: Path | None, **changes: Any) -> None:
        job = asked("chat", folder, on, options=self._options, **changes)
        self._thread = threading.Thread(target=serve, args=(job, self._tell, self.inbox))
        self._thread.start()

    def _tell(self, event: Event) -> None:
        with self._told:
            self.events.append(event)
            self._told.notify_all()

    def send(self, **message: Any) -> None:
        os.write(self._writer, json.dumps(message).encode() + b"\n")

    def wait(self, kind: type[Any], count: int = 1) -> Any:
        with self._told:
            assert self._told.wait_for(lambda: len(self.all(kind)) >= count, 60), self.events
            return self.all(kind)[count - 1]

    def all(self, kind: type[Any]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]

    def text(self) -> str:
        return "".join(piece.text for piece in self.all(Piece))

    def over(self) -> None:
        os.close(self._writer)
        self._thread.join(60)
        assert not self._thread.is_alive()
        os.close(self._reader)


def answer_of(folder: Path, adapter_folder: Path | None, tokens: int) -> str:
    """What transformers itself writes, greedily."""
    from peft import PeftModel

    model: Any = AutoModelForCausalLM.from_pretrained(folder)
    if adapter_folder is not None:
        model = PeftModel.from_pretrained(model, str(adapter_folder))
    tokenizer: Any = AutoTokenizer.from_pretrained(folder)
    given = tokenizer.apply_chat_template(
        HELLO, add_generation_prompt=True, return_tensors="pt", return_dict=True
    )
    out = model.generate(**given, max_new_tokens=tokens, do_sample=False)
    return str(tokenizer.decode(out[0, given["input_ids"].shape[1] :], skip_special_tokens=True))


@pytest.mark.spares("TRN104", "TRN006")
def test_both_sides_answer_as_transformers_does(tuned: Path, plain: Path) -> None:
    talk = Talk(compare=True, temperature=0, max_new_tokens=24)
    talk.run(tuned, plain)
    talk.wait(Loaded)
    for number, (side, on) in enumerate((("tuned", tuned), ("base", None)), 1):
        before = len(talk.text())
        talk.send(messages=HELLO, side=side)
        over = talk.wait(Answered, number)
        assert (over.side, over.stopped, over.tokens) == (side, "length", 24)
        assert talk.text()[before:] == answer_of(plain, on, 24)
    talk.over()


def test_a_whole_model_needs_no_base(plain: Path) -> None:
    talk = Talk(temperature=0, max_new_tokens=8)
    talk.run(plain, None)
    talk.send(messages=HELLO)
    assert talk.wait(Answered).tokens == 8
    talk.over()


def test_a_whole_model_is_compared_with_another(tuned: Path, plain: Path, tmp_path: Path) -> None:
    other = base(tmp_path, tied=False)
    said = []
    for side, compare in (("tuned", True), ("base", True)):
        talk = Talk(compare=compare, temperature=0, max_new_tokens=8)
        talk.run(other, plain)
        talk.send(messages=HELLO, side=side)
        talk.wait(Answered)
        talk.over()
        said.append(talk.text())
    assert said == [answer_of(other, None, 8), answer_of(plain, None, 8)]


def test_an_adapter_that_came_without_a_tokenizer_has_its_bases(
    tuned: Path, plain: Path, tmp_path: Path
) -> None:
    for name in ("adapter_config.json", "adapter_model.safetensors"):
        (tmp_path / name).write_bytes((tuned / name).read_bytes())
    talk = Talk(temperature=0, max_new_tokens=8)
    talk.run(tmp_path, plain)
    talk.send(messages=HELLO)
    talk.wait(Answered)
    talk.over()
    assert talk.text() == answer_of(plain, tuned, 8)


def test_an_answer_can_be_stopped_and_the_next_question_is_answered(
    tuned: Path, plain: Path
) -> None:
    talk = Talk(temperature=1.0, max_new_tokens=200, seed=3)
    talk.run(tuned, plain)
    talk.wait(Loaded)
    talk.send(messages=HELLO)
    talk.wait(Piece)
    talk.send(stop=True)
    stopped = talk.wait(Answered)
    assert stopped.stopped in ("asked", "end")
    talk.send(messages=HELLO)
    assert talk.wait(Answered, 2).stopped in ("length", "end")
    talk.over()


def test_when_the_parent_is_gone_the_answer_ends_and_nothing_more_is_answered(
    tuned: Path, plain: Path
) -> None:
    talk = Talk(temperature=1.0, max_new_tokens=200)
    talk.run(tuned, plain)
    talk.wait(Loaded)
    talk.send(messages=HELLO)
    talk.wait(Piece)
    talk.over()
    assert len(talk.all(Answered)) == 1


def test_a_conversation_longer_than_the_model_can_read_is_told(tuned: Path, plain: Path) -> None:
    talk = Talk(temperature=0, max_new_tokens=8)
    talk.run(tuned, plain)
    talk.send(messages=[{"role": "user", "content": "word " * 400}])
    assert talk.wait(Answered).stopped == "full"
    talk.send(messages=HELLO)
    assert talk.wait(Answered, 2).tokens == 8
    talk.over()


@pytest.mark.spares("TRN101")
def test_the_same_seed_gives_the_same_answer(tuned: Path, plain: Path) -> None:
    said = []
    for _ in range(2):
        talk = Talk(temperature=1.0, top_p=0.9, max_new_tokens=20, seed=7)
        talk.run(tuned, plain)
        talk.send(messages=HELLO)
        talk.wait(Answered)
        talk.over()
        said.append(talk.text())
    assert said[0] == said[1] != ""


@pytest.mark.triggers("TRN101")
def test_an_adapter_without_its_base_is_told(tuned: Path) -> None:
    reader, writer = os.pipe()
    os.close(writer)
    with pytest.raises(TrainError) as caught:
        serve(asked("chat", tuned, None), lambda event: None, Inbox(reader, patient=True))
    assert caught.value.code == "TRN101"
    os.close(reader)


def test_thread_42_every_token_that_ends_a_turn_stops_the_answer(plain: Path) -> None:
    """QwenLM/Qwen3#1064: a Base model's own end token is not the one that its template writes."""
    tokenizer: Any = AutoTokenizer.from_pretrained(plain)
    tokenizer.eos_token = "<|endoftext|>"
    end = tokenizer.convert_tokens_to_ids("<|im_end|>")
    assert set(stop_ids(tokenizer, None)) == {tokenizer.eos_token_id, end}
    assert stop_ids(tokenizer, [9, tokenizer.eos_token_id])[0] == 9
    tokenizer.chat_template = "{{ raise_exception('no') }}"
    assert stop_ids(tokenizer, None) == [tokenizer.eos_token_id]


@pytest.fixture
def tokenizer(plain: Path) -> Iterator[Any]:
    yield AutoTokenizer.from_pretrained(plain)


@pytest.mark.parametrize("text", ["微调 😀 is done.", "a" * 300, "  two  spaces\n\n"])
def test_pieces_are_whole_characters_and_together_the_text(tokenizer: Any, text: str) -> None:
    ids = tokenizer(text, add_special_tokens=False)["input_ids"]
    pieces: list[str] = []
    stream = Stream(tokenizer, pieces.append, [tokenizer.eos_token_id])
    stream.put(torch.tensor([[1, 2]]))  # the prompt
    for token in (*ids, tokenizer.eos_token_id):
        stream.put(torch.tensor([token]))
    stream.end()
    assert "".join(pieces) == text
    assert not any("\ufffd" in piece for piece in pieces)
    assert stream.tokens == len(ids) + 1


def test_events_come_back_as_they_were_sent() -> None:
    for event in (
        Loaded(),
        Piece("base", "微调\n", True),
        Answered("tuned", 3, 0.5, "end"),
        Failed("TRN010", Text("a", "b"), None),
        Log(Text("a", "b")),
    ):
        assert decode(encode(event)) == event
    assert decode("a library's own print\n") == Log(
        Text("a library's own print", "a library's own print")
    )
    assert isinstance(decode('{"event": "piece", "nonsense": 1}'), Log)


def test_sampling_is_the_models_own_unless_told() -> None:
    assert Sampling.of({}) == Sampling(None, None, 1024)
    assert Sampling.of({"temperature": 0.0, "top_p": 0.5, "max_new_tokens": 3}).temperature == 0.0
