"""The loss in pieces is the model's own, in value and in every gradient, and holds a fraction of its memory."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch

from qtune.train import loss
from tests.train import small

pytestmark = pytest.mark.filterwarnings(
    "ignore:`is_gradient_checkpointing` is deprecated:FutureWarning",
    "ignore:Model has `tie_word_embeddings=True`:UserWarning",
)

MODELS: dict[str, dict[str, Any]] = {
    "qwen3": {},
    "qwen3, tied ends": {"config": {"tie_word_embeddings": True}},
    "llama": {"kind": "llama"},
    "qwen3 with LoRA": {"lora": True},
    "llama with LoRA on its head": {
        "kind": "llama",
        "lora": True,
        "target_modules": ["q_proj", "lm_head"],
    },
    "qwen3 with a saved head": {"lora": True, "modules_to_save": ["lm_head"]},
    "qwen3 with both ends saved, tied": {
        "lora": True,
        "modules_to_save": ["lm_head", "embed_tokens"],
        "config": {"tie_word_embeddings": True},
    },
}


def batch() -> dict[str, torch.Tensor]:
    torch.manual_seed(1)
    ids = torch.randint(1, small.VOCABULARY, (3, 11))
    labels = ids.clone()
    labels[:, :4] = loss.IGNORED
    labels[1, 7:] = loss.IGNORED
    return {"input_ids": ids, "labels": labels}


@pytest.mark.parametrize("items", [None, 40])
@pytest.mark.parametrize("name", MODELS)
def test_loss_and_gradients_are_the_model_s_own(
    name: str, items: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loss, "FEW", 1)
    monkeypatch.setattr(loss, "PIECE", 5 * small.VOCABULARY)  # several pieces, the last not full
    ours = small.model(**MODELS[name])
    theirs = copy.deepcopy(ours)
    assert "piece by piece" in loss.install(ours).en
    count = None if items is None else torch.tensor(items)
    mine = ours(**batch(), num_items_in_batch=count).loss
    true = theirs(**batch(), num_items_in_batch=count).loss
    torch.testing.assert_close(mine, true, rtol=1e-6, atol=1e-6)
    mine.backward()
    true.backward()
    assert small.furthest(small.gradients(ours), small.gradients(theirs)) < 1e-6


def test_the_gradients_of_accumulated_batches_add_up_to_those_of_one() -> None:
    model = small.model(lora=True)
    loss.install(model)
    given = batch()
    count = torch.tensor(int((given["labels"][:, 1:] != loss.IGNORED).sum()))
    model(**given).loss.backward()
    whole = small.gradients(model)
    for row in range(3):
        part = {key: value[row : row + 1] for key, value in given.items()}
        model(**part, num_items_in_batch=count).loss.backward()
    assert small.furthest(whole, small.gradients(model)) < 1e-6


def test_where_nothing_is_learnt_the_loss_is_zero_and_still_has_gradients() -> None:
    model = small.model(lora=True)
    loss.install(model)
    ids = torch.arange(1, 7)[None]
    labels = torch.full_like(ids, loss.IGNORED)
    nothing = model(input_ids=ids, labels=labels, num_items_in_batch=torch.tensor(3)).loss
    nothing.backward()
    assert nothing.item() == 0
    assert all(float(grad.abs().max()) == 0 for grad in small.gradients(model).values())


def test_without_gradients_the_loss_is_the_same() -> None:
    model = small.model()
    loss.install(model)
    with torch.no_grad():
        quiet = model(**batch()).loss
    torch.testing.assert_close(quiet, model(**batch()).loss.detach(), rtol=1e-6, atol=1e-6)


def test_without_labels_the_model_answers_as_before() -> None:
    model = small.model()
    ids = batch()["input_ids"]
    before = model(input_ids=ids).logits
    loss.install(model)
    assert torch.equal(model(input_ids=ids).logits, before)


@pytest.mark.parametrize(
    ("kind", "config", "reason"),
    [
        ("gemma2", {"final_logit_softcapping": 30.0}, "final_logit_softcapping"),
        ("cohere", {"logit_scale": 0.0625}, "logit_scale"),
        (
            "qwen3_moe",
            {
                "num_experts": 2,
                "num_experts_per_tok": 1,
                "moe_intermediate_size": 16,
                "output_router_logits": True,
            },
            "output_router_logits",
        ),
    ],
)
def test_a_model_that_does_more_to_its_logits_keeps_its_own_loss(
    kind: str, config: dict[str, Any], reason: str
) -> None:
    model = small.model(kind=kind, config=config, attention="eager")
    told = loss.install(model)
    assert reason in told.en
    assert not loss.is_installed(model)


def test_a_model_whose_loss_turns_out_otherwise_keeps_its_own() -> None:
    """Nothing in its config says so: here the forward adds a penalty."""
    model = small.model()
    plain = model.forward

    def penalised(**given: Any) -> Any:
        made = plain(**given)
        if made.loss is not None:
            made.loss = made.loss + 0.1
        return made

    model.forward = penalised
    told = loss.install(model)
    assert "more than a head" in told.en
    assert model.forward is penalised


def test_the_memory_of_the_loss_is_a_quarter_at_most_with_a_real_vocabulary() -> None:
    """Bytes of tensors that are alive at once."""
    from bench.train.loss_memory import VOCABULARY, WIDTH, pieces, whole

    for tokens in (512, 2048):
        assert pieces(tokens, WIDTH, VOCABULARY) <= whole(tokens, WIDTH, VOCABULARY) / 4


def test_under_autocast_weights_in_float32_get_their_gradients_from_every_piece(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Full tuning in bfloat16: autocast keeps its copy of the head from one piece to the next."""
    monkeypatch.setattr(loss, "FEW", 1)
    monkeypatch.setattr(loss, "PIECE", 5 * small.VOCABULARY)
    ours = small.model()
    theirs = copy.deepcopy(ours)
    loss.install(ours)
    for model in (ours, theirs):
        with torch.autocast("cpu", torch.bfloat16):
            value = model(**batch()).loss
        value.backward()
    mine, true = small.gradients(ours), small.gradients(theirs)
    assert mine["lm_head.weight"].dtype == torch.float32
    for name, gradient in true.items():
        assert float((mine[name] - gradient).norm() / gradient.norm()) < 0.02, name
