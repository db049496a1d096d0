"""Rows that lie together stay apart: the same loss and gradients as alone, whatever the attention is."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from qtune.train import feeding, loss
from qtune.train.attention import JOINED
from qtune.train.batches import bins, layout, micro
from qtune.train.batches.bins import Packed
from qtune.train.batches.micro import Layout
from qtune.train.device import Placement
from tests.train import small

pytestmark = pytest.mark.filterwarnings(
    "ignore:`is_gradient_checkpointing` is deprecated:FutureWarning",
)

LENGTHS = [9, 4, 13, 2, 6]


class Placed(list[dict[str, Any]]):
    def origin(self, index: int) -> tuple[str, int]:
        return "a", index


def choose(model: Any, packing: str, kernel: str = "sdpa", longest: int = 13) -> Layout:
    return told(model, packing, kernel, longest)[0]


def told(model: Any, packing: str, kernel: str = "sdpa", longest: int = 13) -> tuple[Layout, str]:
    laid, why = layout.choose(
        model, kernel, packing, LENGTHS, batch=5, pad=0, longest=longest, device="cpu"
    )
    return laid, why[0].en


def learn(model: Any, laid: Layout, room: int = 1000) -> tuple[float, dict[str, torch.Tensor]]:
    """As a step does it: all rows, the loss over all tokens that are learnt."""
    step = micro.Step(tuple(micro.example(row) for row in small.rows(LENGTHS)))
    total = 0.0
    for batch in micro.cut(step, laid, room):
        part = model(**micro.inputs(batch, laid), num_items_in_batch=torch.tensor(step.learnt)).loss
        part.backward()
        total += part.item()
    return total, small.gradients(model)


def alone(model: Any) -> tuple[float, dict[str, torch.Tensor]]:
    """Each row by itself, through the model's own loss."""
    rows = small.rows(LENGTHS)
    learnt = sum(label != loss.IGNORED for row in rows for label in row["labels"][1:])
    total = 0.0
    for row in rows:
        given = {key: torch.tensor([value]) for key, value in row.items()}
        part = model(**given, num_items_in_batch=torch.tensor(learnt)).loss
        part.backward()
        total += part.item()
    return total, small.gradients(model)


@pytest.mark.parametrize("room", [1000, 15])
@pytest.mark.parametrize("kind", ["qwen3", "llama"])
@pytest.mark.parametrize("packing", ["auto", "false"])
def test_loss_and_gradients_of_a_step_are_those_of_its_rows_alone(
    packing: str, kind: str, room: int
) -> None:
    model = small.model(kind=kind, lora=True)
    true = alone(copy.deepcopy(model))
    loss.install(model)
    laid = choose(model, packing)
    assert laid.kind == ("joined" if packing == "auto" else "padded")
    value, gradients = learn(model, laid, room)
    assert value == pytest.approx(true[0], rel=1e-6)
    assert small.furthest(gradients, true[1]) < 1e-6


@pytest.mark.parametrize("attention", ["sdpa", "eager"])
def test_packed_rows_do_not_see_each_other(attention: str) -> None:
    """Thread 39: packing asks for no flash-attn; with eager attention it takes a mask, and says so."""
    model = small.model(lora=True, attention=attention)
    true = alone(copy.deepcopy(model))
    loss.install(model)
    laid, why = told(model, "true", attention)
    assert laid.kind == ("joined" if attention == "sdpa" else "blocked")
    assert ("block mask" in why) == (attention == "eager")
    packed = Packed(small.rows(LENGTHS), 20)
    assert len(packed) == 2
    step = micro.Step(tuple(micro.example(packed[index]) for index in range(len(packed))))
    count = torch.tensor(step.learnt)
    value = 0.0
    for batch in micro.cut(step, laid, 1000):
        part = model(**micro.inputs(batch, laid), num_items_in_batch=count).loss
        part.backward()
        value += part.item()
    assert value == pytest.approx(true[0], rel=1e-6)
    assert small.furthest(small.gradients(model), true[1]) < 1e-6


def test_the_loss_that_is_the_model_s_own_takes_rows_end_to_end_too() -> None:
    model = small.model(lora=True)
    true = alone(copy.deepcopy(model))
    laid = choose(model, "auto")
    assert laid.kind == "joined" and not laid.pieces
    value, gradients = learn(model, laid)
    assert value == pytest.approx(true[0], rel=1e-6)
    assert small.furthest(gradients, true[1]) < 1e-6


@pytest.mark.filterwarnings("ignore:Model has `tie_word_embeddings=True`:UserWarning")
@pytest.mark.parametrize("tied", [True, False])
def test_tokens_that_are_opened_learn_the_same_in_rows_end_to_end(tied: bool) -> None:
    """Thread 42: peft wraps the embedding, and a tied head with it."""
    model = small.model(
        lora=True, trainable_token_indices=[3, 5], config={"tie_word_embeddings": tied}
    )
    true = alone(copy.deepcopy(model))
    assert "piece by piece" in loss.install(model).en
    value, gradients = learn(model, choose(model, "auto"))
    assert value == pytest.approx(true[0], rel=1e-6)
    assert small.furthest(gradients, true[1]) < 1e-6


def test_with_activation_checkpointing_rows_stay_apart() -> None:
    model = small.model(lora=True)
    true = alone(copy.deepcopy(model))
    model.enable_input_require_grads()
    model.activation_checkpointing_enable({"use_reentrant": False})
    loss.install(model)
    value, gradients = learn(model, choose(model, "auto"))
    assert value == pytest.approx(true[0], rel=1e-6)
    assert small.furthest(gradients, true[1]) < 1e-6


def test_whole_weights_are_tried_in_the_numbers_that_they_are_trained_in() -> None:
    """In float32 a kernel that knows only 16 bits would refuse them, and rows would be padded for nothing."""
    model = small.model()
    loss.install(model)
    seen: list[bool] = []
    model.register_forward_pre_hook(lambda *_: seen.append(torch.is_autocast_enabled("cpu")))
    with feeding._as_in_training(Placement("cpu", torch.bfloat16, ())):
        laid = choose(model, "auto")
    assert laid.kind == "joined" and seen and all(seen)
    seen.clear()
    with feeding._as_in_training(Placement("cpu", torch.float32, ())):
        choose(model, "auto")
    assert seen and not any(seen)


def test_eager_attention_pads_and_says_why() -> None:
    model = small.model(attention="eager")
    laid, why = told(model, "auto", "eager")
    assert laid.kind == "padded"
    assert "the attention is eager" in why


def test_what_is_compiled_comes_in_few_shapes() -> None:
    model = small.model()
    laid, why = layout.choose(
        model, "sdpa", "auto", LENGTHS, batch=5, pad=0, longest=13, device="cpu", compiled=True
    )
    assert (laid.kind, laid.multiple) == ("padded", 64)
    assert "torch_compile" in why[0].en


def test_noise_that_is_measured_by_a_row_s_length_keeps_rows_apart() -> None:
    laid, why = layout.choose(
        small.model(), "sdpa", "true", LENGTHS, batch=5, pad=0, longest=13, device="cpu", noisy=True
    )
    assert laid.kind == "padded"
    assert "neftune_noise_alpha" in why[0].en


def test_a_window_shorter_than_the_longest_row_is_not_given_up() -> None:
    config = {"sliding_window": 12, "use_sliding_window": True, "max_window_layers": 0}
    model = small.model(kind="qwen2", config={**config, "head_dim": 8})
    laid, why = told(model, "auto")
    assert laid.kind == "padded"
    assert "window of 12 tokens" in why
    assert choose(model, "auto", longest=12).kind == "joined"


def test_a_model_whose_rows_would_mix_is_padded() -> None:
    """Found by trying: here the embedding of a token looks at the one before it."""
    model = small.model()
    model.get_input_embeddings().register_forward_hook(
        lambda module, given, out: out + 0.5 * out.roll(1, dims=1)
    )
    laid, why = told(model, "auto")
    assert laid.kind == "padded"
    assert "do not stay apart" in why
    assert model.config._attn_implementation == "sdpa"


def test_the_answer_of_a_model_set_for_end_to_end_is_as_before() -> None:
    model = small.model().eval()
    ids = torch.arange(1, 13).reshape(2, 6)
    mask = torch.tensor([[0, 0, 1, 1, 1, 1], [1] * 6])
    before = model(input_ids=ids, attention_mask=mask).logits
    asked = {"max_new_tokens": 4, "do_sample": False, "use_cache": True, "pad_token_id": 0}
    written = model.generate(input_ids=ids, attention_mask=mask, **asked)
    choose(model, "auto")
    assert model.config._attn_implementation == JOINED
    torch.testing.assert_close(model(input_ids=ids, attention_mask=mask).logits, before)
    assert torch.equal(model.generate(input_ids=ids, attention_mask=mask, **asked), written)


@given(st.lists(st.integers(1, 30), max_size=60), st.integers(30, 64))
def test_bins_hold_each_example_once_and_none_is_too_full(lengths: list[int], size: int) -> None:
    filled = bins.fill(lengths, size)
    assert sorted(index for each in filled for index in each) == list(range(len(lengths)))
    loads = [sum(lengths[index] for index in each) for each in filled]
    assert all(0 < load <= size for load in loads)
    # Best fit leaves at most one bin half empty or less.
    assert sum(load <= size / 2 for load in loads) <= 1


def test_best_fit_fills_the_gap_that_fits_best() -> None:
    assert bins.fill([6, 7, 3, 4], 10) == [[0, 3], [1, 2]]


def test_a_bin_says_where_all_of_its_rows_come_from() -> None:
    class Texts(list[dict[str, Any]]):
        def origin(self, index: int) -> tuple[str, int]:
            return "rows.jsonl", index + 1

    packed = Packed(Texts(small.rows(LENGTHS)), 20)
    origins = [packed.origin(number) for number in range(len(packed))]
    places = [place for origin in origins for place in origin]
    assert sorted(places) == [("rows.jsonl", line) for line in range(1, 6)]


def test_bins_reach_a_worker_process_and_still_know_where_their_rows_are_from() -> None:
    packed = Packed(Placed(small.rows([3, 4, 9])), 10)
    there = pickle.loads(pickle.dumps(packed))
    assert there[0] == packed[0]
    assert [there.origin(number) for number in range(2)] == [(("a", 0), ("a", 1)), (("a", 2),)]
