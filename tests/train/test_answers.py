"""The model is asked before and after training, and the training does not notice."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM, AutoTokenizer

from qtune.core.data.values import Message
from qtune.train import answers
from qtune.train.answers import Asked
from qtune.train.quickstart import model as quickstart_model
from qtune.train.samples import SAMPLES, read

# peft asks transformers by a name that will go.
pytestmark = pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing`:FutureWarning")


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Any]:
    folder = tmp_path_factory.mktemp("tiny") / "model"
    quickstart_model.ensure(folder)
    model = AutoModelForCausalLM.from_pretrained(folder)
    return model, AutoTokenizer.from_pretrained(folder)


def prompt(messages: Sequence[Message]) -> str:
    return "".join(f"{each.role}: {each.content}\n" for each in messages)


def talk(count: int) -> list[tuple[Message, ...]]:
    return [
        (Message("user", f"question {n}"), Message("assistant", f"answer {n}"))
        for n in range(count)
    ]


def test_questions_are_of_the_beginning_the_middle_and_the_end() -> None:
    asked = answers.questions(talk(101), prompt)
    assert [each.question for each in asked] == ["question 0", "question 50", "question 100"]
    assert asked[0].prompt == "user: question 0\n"
    assert [each.question for each in answers.questions(talk(1), prompt)] == ["question 0"]
    assert answers.questions([], prompt) == []
    assert answers.questions([(Message("assistant", "unasked"),)], prompt) == []


def test_asking_changes_neither_the_random_numbers_nor_the_model(tiny: tuple[Any, Any]) -> None:
    model, tokenizer = tiny
    model.train()
    model.config.use_cache = False
    state = torch.get_rng_state()
    said = answers.answers(model, tokenizer, ["What is LoRA?", "谁?"])
    assert len(said) == 2 and all(isinstance(text, str) for text in said)
    assert torch.equal(torch.get_rng_state(), state)
    assert model.training and model.config.use_cache is False


def test_before_is_kept_by_a_resumed_run_and_after_is_put_beside_it(
    tiny: tuple[Any, Any], tmp_path: Path
) -> None:
    model, tokenizer = tiny
    asked = [Asked("What is LoRA?", "What is LoRA?")]
    answers.before(tmp_path, model, tokenizer, asked)
    (first,) = read(tmp_path / SAMPLES)
    assert first.prompt == "What is LoRA?" and first.after == ""
    answers.before(tmp_path, model, tokenizer, [Asked("another", "another")])
    assert read(tmp_path / SAMPLES) == [first]
    answers.after(tmp_path, model, tokenizer, asked)
    (last,) = read(tmp_path / SAMPLES)
    assert last.before == first.before
    assert last.after == first.before  # the same model, greedily


def test_beside_an_adapter_the_base_model_is_asked_when_all_is_learnt(
    tiny: tuple[Any, Any], tmp_path: Path
) -> None:
    plain, tokenizer = tiny
    asked = [Asked("What is LoRA?", "What is LoRA?")]
    (said,) = answers.answers(plain, tokenizer, ["What is LoRA?"])
    config = LoraConfig(target_modules="all-linear", init_lora_weights=False)
    adapted = get_peft_model(copy.deepcopy(plain), config)
    answers.before(tmp_path, adapted, tokenizer, asked)
    assert not (tmp_path / SAMPLES).exists()
    answers.after(tmp_path, adapted, tokenizer, asked)
    (sample,) = read(tmp_path / SAMPLES)
    assert sample.before == said != sample.after


def test_a_large_model_without_a_gpu_is_not_asked(
    tiny: tuple[Any, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, tokenizer = tiny
    monkeypatch.setattr(answers, "_SLOW", 1000)
    answers.before(tmp_path, model, tokenizer, [Asked("What is LoRA?", "What is LoRA?")])
    assert not (tmp_path / SAMPLES).exists()
