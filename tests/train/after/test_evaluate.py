"""Loss over every token that was to be written, and answers beside the expected ones."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from qtune.core import runconfig
from qtune.core.errors import TrainError
from qtune.core.runconfig import DataSource, Defaults, RunConfig
from qtune.train.after import measure
from qtune.train.after.evaluate import evaluate
from qtune.train.after.events import Began, Event, Result, Went
from tests.train.after.models import adapter, asked, base, told

pytestmark = pytest.mark.filterwarnings(
    "ignore:.is_gradient_checkpointing. is deprecated:FutureWarning"
)
ROWS = [
    {"instruction": "What is LoRA?", "output": "A small adapter."},
    {"instruction": "什么是微调？", "output": "用你自己的样本接着训练。"},
    {"instruction": "Say yes " * 12, "output": "yes " * 20},
    {"instruction": "Short", "output": "."},
]


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return base(tmp_path_factory.mktemp("base"))


@pytest.fixture(scope="module")
def tuned(tmp_path_factory: pytest.TempPathFactory, plain: Path) -> Path:
    return adapter(tmp_path_factory.mktemp("adapter"), plain)


def config(folder: Path, **changes: Any) -> RunConfig:
    from dataclasses import replace

    made, problems = runconfig.examine(
        "model: quickstart\ndata: quickstart",
        Path("run.yaml"),
        defaults=Defaults("quickstart", folder, folder),
    )
    assert made is not None, problems
    return replace(made, **changes)


def lines(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


def run(tmp_path: Path, tuned: Path, plain: Path, chosen: RunConfig, **more: Any) -> list[Event]:
    options = {
        "config": runconfig.resolved(chosen),
        "places": {
            "data": [str(source.path) for source in chosen.data],
            "eval_data": [str(source.path) for source in chosen.eval_data],
        },
        "held_out": False,
        "limit": None,
        "compare": True,
        "generate": False,
        "max_new_tokens": 12,
        "predictions": str(tmp_path / "eval/out.jsonl"),
        **more,
    }
    events: list[Event] = []
    evaluate(asked("eval", tuned, plain, options=options), told(events))
    return events


def result(events: list[Event]) -> dict[str, Any]:
    return dict(next(event.values for event in events if isinstance(event, Result)))


def by_hand(folder: Path, rows: list[dict[str, Any]]) -> tuple[float, int]:
    """One row after the other, all logits, in double precision."""
    model: Any = AutoModelForCausalLM.from_pretrained(folder)
    tokenizer: Any = AutoTokenizer.from_pretrained(folder)
    total, count = 0.0, 0
    for row in rows:
        said = [
            {"role": "user", "content": row["instruction"]},
            {"role": "assistant", "content": row["output"]},
        ]
        whole = tokenizer.apply_chat_template(said, tokenize=False).rstrip("\n")
        prompt = tokenizer.apply_chat_template(said[:1], tokenize=False, add_generation_prompt=True)
        begin = tokenizer(prompt, add_special_tokens=False)["input_ids"]
        answer = tokenizer(whole[len(prompt) :], add_special_tokens=False)["input_ids"]
        ids = torch.tensor([begin + answer])
        with torch.no_grad():
            chances = model(input_ids=ids).logits[0].double().log_softmax(-1)
        for place in range(len(begin), ids.shape[1]):
            total -= chances[place - 1, ids[0, place]].item()
            count += 1
    return total / count, count


@pytest.mark.spares("TRN105")
def test_the_loss_is_the_mean_over_every_token_to_be_written(
    tmp_path: Path, tuned: Path, plain: Path
) -> None:
    chosen = config(tmp_path, data=(DataSource(lines(tmp_path / "rows.jsonl", ROWS)),))
    events = run(tmp_path, tuned, plain, chosen)
    found = result(events)
    mean, count = by_hand(plain, ROWS)
    scores = found["scores"]
    assert found["tokens"] == count and found["rows"] == 4
    assert scores["base"]["loss"] == pytest.approx(mean, rel=1e-5)
    assert scores["base"]["perplexity"] == pytest.approx(math.exp(mean), rel=1e-4)
    assert abs(scores["tuned"]["loss"] - mean) > 0.01
    begun = next(event for event in events if isinstance(event, Began))
    assert begun.total == 8 == sum(e.amount for e in events if isinstance(e, Went))


def test_how_the_rows_are_batched_changes_nothing(
    tmp_path: Path, tuned: Path, plain: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = config(tmp_path, data=(DataSource(lines(tmp_path / "rows.jsonl", ROWS)),))
    together = result(run(tmp_path, tuned, plain, chosen))["scores"]
    monkeypatch.setitem(measure._TOKENS, "cpu", 1)
    alone = result(run(tmp_path, tuned, plain, chosen))["scores"]
    assert alone["tuned"]["loss"] == pytest.approx(together["tuned"]["loss"], rel=1e-5)


def test_what_does_not_fit_is_halved(plain: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model: Any = AutoModelForCausalLM.from_pretrained(plain)
    rows = [{"input_ids": [1, 2, 3, 4], "labels": [-100, 2, 3, 4]} for _ in range(5)]
    whole = measure.loss(model, rows, "cpu", 0, lambda done: None)
    real = measure._one

    def tight(model: Any, batch: list[Any], device: str, pad: int) -> tuple[float, int]:
        if len(batch) > 2:
            raise torch.OutOfMemoryError
        return real(model, batch, device, pad)

    monkeypatch.setattr(measure, "_one", tight)
    total, tokens = measure.loss(model, rows, "cpu", 0, lambda done: None)
    assert tokens == 15
    assert total == pytest.approx(whole[0], rel=1e-5)


def test_the_answers_lie_beside_the_expected_ones(tmp_path: Path, tuned: Path, plain: Path) -> None:
    chosen = config(tmp_path, data=(DataSource(lines(tmp_path / "rows.jsonl", ROWS)),))
    found = result(run(tmp_path, tuned, plain, chosen, generate=True, limit=3))
    assert found["answers"] == 3
    written = [json.loads(line) for line in Path(found["predictions"]).read_text().splitlines()]
    assert [line["line"] for line in written] == [1, 2, 3]
    assert written[1]["reference"] == ROWS[1]["output"]
    assert written[1]["messages"] == [{"role": "user", "content": ROWS[1]["instruction"]}]
    for side in ("tuned", "base"):
        scores = [line[side]["rouge_l"] for line in written]
        assert found["scores"][side]["rouge_l"] == pytest.approx(sum(scores) / 3, abs=1e-3)
        assert 0 <= found["scores"][side]["exact_match"] <= 1
    assert str(tmp_path) not in Path(found["predictions"]).read_text()


def test_an_answer_in_a_batch_is_the_answer_alone(tmp_path: Path, tuned: Path, plain: Path) -> None:
    """Padding on the left must not be read."""
    chosen = config(tmp_path, data=(DataSource(lines(tmp_path / "rows.jsonl", ROWS)),))
    found = result(run(tmp_path, tuned, plain, chosen, generate=True))
    together = Path(found["predictions"]).read_text().splitlines()
    for index, row in enumerate(ROWS):
        one = config(tmp_path, data=(DataSource(lines(tmp_path / "one.jsonl", [row])),))
        run(tmp_path, tuned, plain, one, generate=True)
        alone = json.loads((tmp_path / "eval/out.jsonl").read_text())
        assert alone["tuned"]["answer"] == json.loads(together[index])["tuned"]["answer"]


def test_the_rows_that_the_run_kept_out_are_those_that_are_measured(
    tmp_path: Path, tuned: Path, plain: Path
) -> None:
    from qtune.train.shares import shares

    chosen = config(tmp_path, eval_share=0.1)
    kept = shares(chosen).evaluation
    assert kept is not None
    found = result(run(tmp_path, tuned, plain, chosen, held_out=True, generate=True))
    assert found["rows"] == len(kept.usable) == 17
    asked_for = [
        json.loads(line)["reference"]
        for line in Path(found["predictions"]).read_text().splitlines()
    ]
    assert asked_for == [row.messages[-1].content for row in kept.usable]


@pytest.mark.parametrize("method", ["sft", "dpo"])
def test_of_two_answers_the_better_is_expected(
    tmp_path: Path, tuned: Path, plain: Path, method: str
) -> None:
    pair = {"prompt": "What is LoRA?", "chosen": "A small adapter.", "rejected": "No."}
    chosen = config(
        tmp_path, method=method, data=(DataSource(lines(tmp_path / "pairs.jsonl", [pair])),)
    )
    found = result(run(tmp_path, tuned, plain, chosen))
    mean, count = by_hand(plain, ROWS[:1])
    assert found["tokens"] == count
    assert found["scores"]["base"]["loss"] == pytest.approx(mean, rel=1e-5)


def test_rows_that_nobody_can_use_are_told_as_before_a_training(
    tmp_path: Path, tuned: Path, plain: Path
) -> None:
    bad = lines(tmp_path / "bad.jsonl", [{"x": 1}, {"y": 2}])
    with pytest.raises(TrainError) as caught:
        run(tmp_path, tuned, plain, config(tmp_path, data=(DataSource(bad),)))
    assert caught.value.code == "TRN005"
