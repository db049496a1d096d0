"""A merge is what the adapter was: every kind of adapter, every tie; and what differs is not kept."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from qtune.core.errors import TrainError
from qtune.train.after import export as exporting
from qtune.train.after import likeness
from qtune.train.after.events import Event, Result
from qtune.train.after.export import export
from tests.train.after.models import ROWS, adapter, asked, base, config_of, told

# peft asks for an alias that transformers 5.23 calls deprecated, and advises on ties and biases.
pytestmark = [
    pytest.mark.filterwarnings("ignore:.is_gradient_checkpointing. is deprecated:FutureWarning"),
    pytest.mark.filterwarnings("ignore:::peft"),
]


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def tied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return base(tmp_path_factory.mktemp("tied"))


@pytest.fixture(scope="module")
def untied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return base(tmp_path_factory.mktemp("untied"), tied=False)


def merged(
    tmp_path: Path, folder: Path, on: Path | None, **changes: Any
) -> tuple[Path, dict[str, Any]]:
    """The folder that was written, and what the export said of it."""
    into = tmp_path / "merged"
    into.mkdir()
    options = {"into": str(into), "ollama": False, "base": "Qwen/tiny"}
    events: list[Event] = []
    more = {"dtype": "auto", "options": options, **changes}
    export(asked("export", folder, on, **more), told(events))
    result = next(event for event in events if isinstance(event, Result))
    return into, dict(result.values)


KINDS: dict[str, dict[str, Any]] = {
    "lora": {},
    "rslora": {"use_rslora": True},
    "dora": {"use_dora": True},
    "embeddings alone": {"modules_to_save": ["embed_tokens"]},
    "embeddings tied": {"modules_to_save": ["embed_tokens"], "ensure_weight_tying": True},
    "both": {"modules_to_save": ["embed_tokens", "lm_head"]},
    "some tokens": {"trainable_token_indices": [1, 2]},
    "bias": {"bias": "lora_only"},
}


@pytest.mark.spares("TRN102", "TRN107")
@pytest.mark.parametrize("kind", KINDS)
def test_a_merge_answers_as_its_adapter(tmp_path: Path, tied: Path, kind: str) -> None:
    into, said = merged(tmp_path, adapter(tmp_path / "adapter", tied, **KINDS[kind]), tied)
    assert said["apart"] < 1e-4 and abs(said["kept"] - 1) < 0.01
    assert said["dtype"] == "float32"
    model: Any = AutoModelForCausalLM.from_pretrained(into)
    assert not hasattr(model, "peft_config")
    assert model.get_input_embeddings().weight.shape[0] == ROWS
    names = {path.name for path in into.iterdir()}
    assert {"config.json", "generation_config.json", "model.safetensors", "tokenizer.json"} <= names
    assert not any(name.startswith("adapter") for name in names)


def test_a_head_that_was_not_trained_is_no_longer_tied_to_embeddings_that_were(
    tmp_path: Path, tied: Path
) -> None:
    on_embeddings = adapter(tmp_path / "adapter", tied, modules_to_save=["embed_tokens"])
    into, _ = merged(tmp_path, on_embeddings, tied)
    assert config_of(into)["tie_word_embeddings"] is False
    model: Any = AutoModelForCausalLM.from_pretrained(into)
    head, embeddings = model.get_output_embeddings().weight, model.get_input_embeddings().weight
    assert not torch.equal(head, embeddings)


def test_a_model_whose_head_stands_by_itself(tmp_path: Path, untied: Path) -> None:
    _, said = merged(tmp_path, adapter(tmp_path / "adapter", untied), untied)
    assert said["apart"] < 1e-4


def test_in_bfloat16_the_rounding_is_allowed_and_the_tuning_kept(tmp_path: Path) -> None:
    half = base(tmp_path / "half", dtype=torch.bfloat16)
    into, said = merged(tmp_path, adapter(tmp_path / "adapter", half), half)
    assert said["dtype"] == "bfloat16" and config_of(into)["dtype"] == "bfloat16"
    assert 1e-4 < said["apart"] < 5e-2
    assert 0.9 < said["kept"] < 1.1


def test_it_can_be_written_with_more_precision_than_the_base_has(tmp_path: Path) -> None:
    half = base(tmp_path / "half", dtype=torch.bfloat16)
    into, said = merged(tmp_path, adapter(tmp_path / "adapter", half), half, dtype="float32")
    assert said["dtype"] == "float32" and said["apart"] < 1e-4
    assert config_of(into)["dtype"] == "float32"


@pytest.mark.triggers("TRN107")
def test_a_merge_that_loses_the_tuning_is_refused(
    tmp_path: Path, tied: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from peft.tuners.lora.layer import Linear

    monkeypatch.setattr(Linear, "merge", lambda self, **options: None)
    with pytest.raises(TrainError) as caught:
        merged(tmp_path, adapter(tmp_path / "adapter", tied), tied)
    assert caught.value.code == "TRN107"
    assert "0.0 % is kept" in caught.value.message.en
    assert caught.value.fix is not None and "--dtype float32" in caught.value.fix.en


@pytest.mark.triggers("TRN102")
def test_thread_36_an_adapter_of_a_shrunken_embedding_is_told_and_ours_is_never_shrunk(
    tmp_path: Path, tied: Path
) -> None:
    """axolotl#2277, LlamaFactory#3125: embeddings cut to the tokenizer's length fit on no base."""
    from transformers import Qwen3ForCausalLM

    small: Any = Qwen3ForCausalLM.from_pretrained(tied)
    small.resize_token_embeddings(2048)
    small.save_pretrained(tmp_path / "small")
    AutoTokenizer.from_pretrained(tied).save_pretrained(tmp_path / "small")
    both = {"modules_to_save": ["embed_tokens"], "ensure_weight_tying": True}
    shrunken = adapter(tmp_path / "adapter", tmp_path / "small", **both)
    with pytest.raises(TrainError) as caught:
        merged(tmp_path, shrunken, tied)
    assert caught.value.code == "TRN102"
    assert "2048" in caught.value.message.en and str(ROWS) in caught.value.message.en


@pytest.mark.parametrize(
    ("trained", "thinks"), [(None, True), (True, True), (False, False)], ids=str
)
def test_thread_32_the_merged_model_is_asked_to_think_as_it_was_trained(
    tmp_path: Path, tied: Path, trained: bool | None, thinks: bool
) -> None:
    """LlamaFactory#7978, #9765: the adapter did not think, the merged model did."""
    adapted = adapter(tmp_path / "adapter", tied)
    into, _ = merged(tmp_path, adapted, tied, enable_thinking=trained)
    tokenizer: Any = AutoTokenizer.from_pretrained(into)
    question = [{"role": "user", "content": "?"}]
    options = {"tokenize": False, "add_generation_prompt": True}
    prompt = tokenizer.apply_chat_template(question, **options)
    assert prompt.endswith("assistant\n") is thinks
    # who asks for it gets the other
    other = tokenizer.apply_chat_template(question, enable_thinking=not thinks, **options)
    assert other.endswith("assistant\n") is not thinks


def test_every_token_that_may_end_an_answer_is_in_the_generation_config(
    tmp_path: Path, tied: Path
) -> None:
    adapted = adapter(tmp_path / "adapter", tied)
    (adapted / "generation_config.json").write_text('{"eos_token_id": [7]}')
    into, _ = merged(tmp_path, adapted, tied)
    written = json.loads((into / "generation_config.json").read_text())
    tokenizer: Any = AutoTokenizer.from_pretrained(into)
    assert set(written["eos_token_id"]) == {7, tokenizer.eos_token_id, tokenizer.pad_token_id}
    assert written["pad_token_id"] == tokenizer.pad_token_id


def test_nothing_of_this_machine_is_in_it(tmp_path: Path, tied: Path) -> None:
    into, _ = merged(tmp_path, adapter(tmp_path / "adapter", tied), tied)
    telling = [p.name for p in into.iterdir() if str(tied).encode() in p.read_bytes()]
    assert telling == []


def test_a_whole_model_is_copied_byte_by_byte(tmp_path: Path, tied: Path) -> None:
    into, said = merged(tmp_path, tied, None)
    assert said == {}
    for name in ("model.safetensors", "config.json", "tokenizer.json"):
        assert (into / name).read_bytes() == (tied / name).read_bytes()


def test_what_holds_no_numbers_is_never_alike() -> None:
    whole = torch.randn(3, 5)
    broken = whole.clone()
    broken[0, 0] = float("nan")
    assert not likeness.compare(broken, whole, whole + 1, torch.float32).alike
    assert not likeness.compare(whole[:2], whole, whole + 1, torch.float32).alike
    assert likeness.compare(whole, whole, whole, torch.float32).alike


def test_a_gpu_without_room_is_left_alone(tied: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda *index: "a GPU")
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda *index: (9, 0))
    job = asked("export", tied, tied, device="auto", dtype="auto")
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda: (1 << 40, 1 << 40))
    assert exporting._place(job, lambda event: None) == "cuda"
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda: (1000, 1 << 40))
    assert exporting._place(job, lambda event: None) == "cpu"
