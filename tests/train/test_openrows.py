"""Rows that learn beside an adapter give what peft gives, and no copy of the embedding."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

pytestmark = pytest.mark.filterwarnings(
    # peft 0.21 asks transformers 5 by an older name.
    "ignore:`is_gradient_checkpointing` is deprecated:FutureWarning",
)
ROWS = [5, 6, 40]


def opened(tied: bool) -> Any:
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import Qwen3Config, Qwen3ForCausalLM

    torch.manual_seed(0)
    sizes: dict[str, Any] = {
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "head_dim": 16,
    }
    heads: dict[str, Any] = {"num_attention_heads": 2, "num_key_value_heads": 1}
    config = Qwen3Config(vocab_size=300, tie_word_embeddings=tied, **sizes, **heads)
    names = ["embed_tokens"] if tied else ["embed_tokens", "lm_head"]
    made = get_peft_model(
        Qwen3ForCausalLM(config),
        LoraConfig(
            task_type="CAUSAL_LM",
            target_modules="all-linear",
            trainable_token_indices={name: list(ROWS) for name in names},
        ),
    )
    with torch.no_grad():
        for name, parameter in made.named_parameters():
            if "trainable_tokens_delta" in name or "lora_B" in name:
                parameter.add_(torch.randn(parameter.shape), alpha=0.1)
    return made


@pytest.mark.parametrize("tied", [True, False])
def test_the_rows_give_the_same_numbers_and_gradients(tied: bool) -> None:
    import torch

    from qtune.train import openrows

    theirs = opened(tied)
    ours = deepcopy(theirs)
    openrows.install(ours)
    x = torch.tensor([[5, 9, 40, 6, 5, 299]])
    losses = []
    for model in (theirs, ours):
        out = model(input_ids=x, labels=x)
        out.loss.backward()
        losses.append(out)
    torch.testing.assert_close(losses[0].logits, losses[1].logits)
    for (name, a), (_, b) in zip(theirs.named_parameters(), ours.named_parameters(), strict=True):
        assert (a.grad is None) == (b.grad is None), name
        if a.grad is not None:
            torch.testing.assert_close(a.grad, b.grad)
    with theirs.disable_adapter(), ours.disable_adapter():
        torch.testing.assert_close(theirs(input_ids=x).logits, ours(input_ids=x).logits)
    merged = ours.merge_and_unload()
    torch.testing.assert_close(merged(input_ids=x).logits, losses[0].logits)


@pytest.mark.parametrize("quick", [True, False])
def test_no_graph_holds_a_second_embedding(quick: bool) -> None:
    import torch

    from qtune.train import openrows

    model = opened(tied=True)
    if quick:
        openrows.install(model)
    own = {parameter.untyped_storage().data_ptr() for parameter in model.parameters()}
    copies: list[torch.Size] = []

    def note(tensor: torch.Tensor) -> torch.Tensor:
        if tensor.numel() == 300 * 32 and tensor.untyped_storage().data_ptr() not in own:
            copies.append(tensor.shape)
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        model(input_ids=torch.tensor([[5, 9]]), labels=torch.tensor([[5, 9]]))
    assert bool(copies) is not quick


@pytest.mark.parametrize("tied", [True, False])
def test_the_loss_in_pieces_takes_such_a_head(tied: bool) -> None:
    import torch

    from qtune.train import loss, openrows

    theirs = opened(tied)
    ours = deepcopy(theirs)
    openrows.install(ours)
    loss.install(ours)
    assert loss.is_installed(ours)
    x = torch.tensor([[5, 9, 40, 6, 5, 299]])
    for model in (theirs, ours):
        model(input_ids=x, labels=x).loss.backward()
    for (name, a), (_, b) in zip(theirs.named_parameters(), ours.named_parameters(), strict=True):
        if a.grad is not None:
            torch.testing.assert_close(a.grad, b.grad, msg=name)
