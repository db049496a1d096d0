"""pt, dpo, kto and reward: the first loss is what theory says, the loss falls, and a killed run ends in the same bytes."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import AutoPeftModelForSequenceClassification
from transformers import AutoTokenizer

from qtune.core.data.unusable import Unusable
from qtune.core.data.values import Judged, Message, Preference
from qtune.core.errors import TrainError
from qtune.train import recipe
from qtune.train.events import Done, Event, Log, Step
from qtune.train.methods.pairs import Tokens
from qtune.train.quickstart import model as quickstart_model
from qtune.train.stop import Stop
from tests.train.runs import make_job, metrics

pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning")

ROWS: dict[str, Callable[[int], dict[str, object]]] = {
    "pt": lambda n: {"text": "fine-tuning is a long story " * (n % 7 + 1)},
    "dpo": lambda n: {"prompt": f"question {n}", "chosen": "yes, gladly", "rejected": "no"},
    "reward": lambda n: {"prompt": f"question {n}", "chosen": "yes, gladly", "rejected": "no"},
    "kto": lambda n: {
        "prompt": f"question {n}",
        "completion": "yes" if n % 2 else "no",
        "label": bool(n % 2),
    },
}
# Of an adapter that does nothing yet: both answers as likely as before.
FIRST = {"dpo": math.log(2), "kto": 0.5}


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """One thread: two cores are shared with other tests."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


def train(folder: Path, cache: Path, method: str, *overrides: str) -> list[Event]:
    folder.mkdir(exist_ok=True)
    rows = [ROWS[method](number) for number in range(24)]
    data = folder / "data.jsonl"
    data.write_text("".join(json.dumps(row) + "\n" for row in rows))
    text = f"""\
model: quickstart
method: {method}
data: {data}
max_length: 64
training: {{num_train_epochs: 2, logging_steps: 1, learning_rate: 1.0e-3, save_steps: 3, warmup_steps: 0,
  activation_checkpointing: false}}
"""
    job = make_job(folder / "out", cache, *overrides, text=text)
    heard: list[Event] = []
    recipe.train(job, heard.append, Stop())
    return heard


def losses(heard: list[Event]) -> list[float]:
    return [event.loss for event in heard if isinstance(event, Step)]


@pytest.mark.slow
@pytest.mark.parametrize("method", ["pt", "dpo", "kto", "reward"])
def test_the_loss_falls_and_a_killed_run_ends_in_the_same_bytes(
    method: str, tmp_path: Path, cache: Path
) -> None:
    first = train(tmp_path, cache, method)
    told = losses(first)
    assert len(told) == 6 and told[-1] < told[0]
    if method in FIRST:
        assert told[0] == pytest.approx(FIRST[method], abs=1e-6)
    out = tmp_path / "out"
    learnt = (out / "adapter_model.safetensors").read_bytes()
    assert "ref" not in json.loads((out / "adapter_config.json").read_text())

    # What a kill behind the first checkpoint leaves.
    for path in (out / "checkpoint-6", out / "adapter_model.safetensors"):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    record = json.loads((out / "record.json").read_text())
    (out / "record.json").write_text(json.dumps({**record, "state": "training", "steps": 0}))
    again = train(tmp_path, cache, method)
    assert losses(again) == told[3:]
    assert (out / "adapter_model.safetensors").read_bytes() == learnt
    assert [line["loss"] for line in metrics(out)] == told


@pytest.mark.slow
def test_a_reward_model_gives_what_was_chosen_the_higher_number(
    tmp_path: Path, cache: Path
) -> None:
    heard = train(tmp_path, cache, "reward")
    assert isinstance(heard[-1], Done)
    out = tmp_path / "out"
    config = json.loads((out / "adapter_config.json").read_text())
    base = next((cache / "quickstart").iterdir())
    (out / "adapter_config.json").write_text(
        json.dumps({**config, "base_model_name_or_path": str(base)})
    )
    model: Any = AutoPeftModelForSequenceClassification.from_pretrained(out, num_labels=1)
    model.config.pad_token_id = 0
    tokenizer: Any = AutoTokenizer.from_pretrained(out)

    def judge(answer: str) -> float:
        said = [{"role": "user", "content": "question 3"}, {"role": "assistant", "content": answer}]
        text = tokenizer.apply_chat_template(said, tokenize=False).rstrip()
        with torch.no_grad():
            return float(model(**tokenizer(text, return_tensors="pt")).logits[0, 0])

    assert judge("yes, gladly") > judge("no")


@pytest.mark.slow
def test_dpo_on_whole_weights_holds_them_against_the_base_model(
    tmp_path: Path, cache: Path
) -> None:
    told = losses(train(tmp_path, cache, "dpo", "tuning=full", "lora=", "training.max_steps=2"))
    assert told[0] == pytest.approx(math.log(2), abs=1e-6) and told[1] < told[0]
    assert (tmp_path / "out" / "model.safetensors").is_file()


@pytest.fixture(scope="module")
def tokens(tmp_path_factory: pytest.TempPathFactory) -> tuple[Tokens, Any]:
    folder = tmp_path_factory.mktemp("tiny") / "model"
    quickstart_model.ensure(folder)
    tokenizer: Any = AutoTokenizer.from_pretrained(folder)
    job = make_job(folder.parent / "out", folder.parent, "max_length=32")
    return Tokens(job, tokenizer), tokenizer


def said(role: str, content: str) -> tuple[Message, ...]:
    return (Message(role, content),)


def test_prompt_and_answers_are_what_the_model_will_meet(tokens: tuple[Tokens, Any]) -> None:
    made, tokenizer = tokens
    row = Preference(said("user", "who?"), said("assistant", "me"), said("assistant", "you"))
    record = made.preference(row)
    asked = tokenizer.apply_chat_template(
        [{"role": "user", "content": "who?"}], add_generation_prompt=True, return_dict=False
    )
    assert record["prompt_ids"] == asked
    assert tokenizer.decode(record["chosen_ids"]) == "me<|im_end|>"
    assert tokenizer.decode(record["rejected_ids"]) == "you<|im_end|>"


def test_of_a_long_talk_only_the_last_answer_is_weighed(tokens: tuple[Tokens, Any]) -> None:
    made, tokenizer = tokens
    prompt = (*said("user", "a"), *said("assistant", "b"), *said("user", "c"))
    record = made.judged(Judged(prompt, said("assistant", "d"), True))
    assert tokenizer.decode(record["completion_ids"]) == "d<|im_end|>"
    assert "b<|im_end|>" in tokenizer.decode(record["prompt_ids"])
    assert record["label"] is True


@pytest.mark.parametrize(
    ("row", "kind"),
    [
        (
            Preference(said("user", "q"), said("assistant", "a"), said("assistant", "a")),
            "same-answers",
        ),
        (
            Preference(said("user", "q"), said("assistant", "a") * 2, said("assistant", "b")),
            "several-answers",
        ),
        (
            Preference(said("user", "q " * 60), said("assistant", "a"), said("assistant", "b")),
            "long-prompt",
        ),
    ],
)
def test_pairs_that_teach_nothing_are_named(
    tokens: tuple[Tokens, Any], row: Preference, kind: str
) -> None:
    with pytest.raises(Unusable) as caught:
        tokens[0].preference(row)
    assert caught.value.kind == kind


def test_rows_of_another_method_are_refused_with_the_line_that_would_fit(
    tmp_path: Path, cache: Path
) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    data = folder / "data.jsonl"
    data.write_text("".join(json.dumps(ROWS["kto"](n)) + "\n" for n in range(8)))
    job = make_job(folder / "out", cache, text=f"model: quickstart\nmethod: dpo\ndata: {data}\n")
    heard: list[Event] = []
    with pytest.raises(TrainError) as caught:
        recipe.train(job, heard.append, Stop())
    assert "method: kto" in caught.value.message.en + str(caught.value.fix)
    assert not any(isinstance(event, Step) for event in heard)
    assert all(isinstance(event, Log) for event in heard)
