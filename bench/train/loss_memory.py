"""Peak memory of the loss, from the hidden states to their gradient: `python -m bench.train.loss_memory`.

Counted, not estimated: every tensor that transformers' own loss and qtune's make, at the sizes of Qwen3's
vocabulary, without their data. All tokens are learnt; where half of them are prompt, qtune's halves again.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode
from transformers.loss.loss_utils import ForCausalLMLoss

from bench.accounting import Live
from qtune.train.loss import cross_entropy

VOCABULARY = 151_936
WIDTH = 1024  # of Qwen3-0.6B


def whole(tokens: int, width: int, vocabulary: int, dtype: torch.dtype = torch.float32) -> int:
    """As a model of transformers does it."""

    def own(hidden: Tensor, head: nn.Module, labels: Tensor) -> Tensor:
        loss: Tensor = ForCausalLMLoss(head(hidden), labels, vocabulary)
        return loss

    return _peak(own, tokens, width, vocabulary, dtype)


def pieces(tokens: int, width: int, vocabulary: int, dtype: torch.dtype = torch.float32) -> int:
    """As qtune does it."""

    def ours(hidden: Tensor, head: nn.Module, labels: Tensor) -> Tensor:
        return cross_entropy(hidden[0, :-1], labels[0, 1:], head) / tokens

    return _peak(ours, tokens, width, vocabulary, dtype)


def _peak(
    loss: Callable[[Tensor, nn.Module, Tensor], Tensor],
    tokens: int,
    width: int,
    vocabulary: int,
    dtype: torch.dtype,
) -> int:
    with FakeTensorMode():
        head = nn.Linear(width, vocabulary, bias=False, dtype=dtype).requires_grad_(False)
        hidden = torch.zeros((1, tokens, width), dtype=dtype, requires_grad=True)
        labels = torch.ones((1, tokens), dtype=torch.long)
        with Live() as live:
            live.add(head.weight)
            live.add(hidden)
            before: int = live.now
            torch.autograd.backward(loss(hidden, head, labels))
        return int(live.peak) - before


def main() -> None:
    print("| number format | tokens | whole logits | in pieces | share |")
    print("|---|---:|---:|---:|---:|")
    for dtype in (torch.float32, torch.bfloat16):
        for tokens in (512, 1024, 2048, 8192, 32768):
            theirs = whole(tokens, WIDTH, VOCABULARY, dtype)
            mine = pieces(tokens, WIDTH, VOCABULARY, dtype)
            name = str(dtype).removeprefix("torch.")
            print(
                f"| {name} | {tokens} | {theirs / 1e9:.2f} GB | {mine / 1e9:.2f} GB "
                f"| 1/{theirs / mine:.1f} |"
            )


if __name__ == "__main__":
    main()
