"""The loss of a language model without the whole of its logits: only where something is learnt, piece by piece.

Of a vocabulary of 151,936 the logits of 2,048 tokens are 1.2 GB, their loss and its gradient three times
that. Here the model's head sees only the tokens that are learnt, a piece of them at a time, and each
piece's gradient is taken before the next is computed: nothing but the gradient of the hidden states stays.
"""

from __future__ import annotations

from collections.abc import Callable
from types import MethodType
from typing import Any

import torch
from torch import Tensor, nn
from transformers.modeling_outputs import CausalLMOutputWithPast

from qtune.core.text import Text

IGNORED = -100
PIECE = 1 << 25  # logits in a piece: 128 MiB in float32
FEW = 1 << 22  # logits that are not worth dividing
# Relative: two ways to add up the same numbers.
TOLERANCE = {torch.float32: 1e-4, torch.float64: 1e-6}
COARSE = 2e-2
# Settings of models that do more to their logits than a head does.
MORE = (
    *("final_logit_softcapping", "logit_scale", "logits_scaling", "lm_head_multiplier"),
    "output_router_logits",
)


class _Pieces(torch.autograd.Function):
    """The summed cross entropy of `head(hidden)`; gradients are ready when the loss is."""

    @staticmethod
    def forward(
        ctx: Any, hidden: Tensor, targets: Tensor, head: nn.Module, rows: int, *weights: Tensor
    ) -> Tensor:
        wanted = [weight for weight in weights if weight.requires_grad]
        total = hidden.new_zeros((), dtype=torch.float32)
        gradient = torch.empty_like(hidden)
        sums = [torch.zeros_like(weight) for weight in wanted]
        for start in range(0, len(targets), rows):
            piece = slice(start, start + rows)
            with torch.enable_grad():
                given = hidden[piece].detach().requires_grad_()
                logits = head(given)
            likely = torch.log_softmax(logits.detach().float(), -1)
            target = targets[piece, None]
            total -= likely.gather(-1, target).sum()
            slope = likely.exp_()
            slope.scatter_add_(-1, target, slope.new_full((1, 1), -1.0).expand_as(target))
            found = torch.autograd.grad(logits, [given, *wanted], slope.to(logits.dtype))
            gradient[piece] = found[0]
            for number, known in enumerate(sums, 1):
                known += found[number]  # no name may hold it through the next piece
            del logits, likely, slope, found
        kept = iter(sums)
        ctx.gradients = [gradient, *(next(kept) if w.requires_grad else None for w in weights)]
        return total

    @staticmethod
    def backward(ctx: Any, *slopes: Tensor) -> tuple[Tensor | None, ...]:
        hidden, *weights = [
            None if known is None else known.mul_(slopes[0].to(known.dtype))
            for known in ctx.gradients
        ]
        ctx.gradients = None
        return (hidden, None, None, None, *weights)


def cross_entropy(
    hidden: Tensor, targets: Tensor, head: nn.Module, piece: int | None = PIECE
) -> Tensor:
    """The sum over `hidden` (tokens, width) of the cross entropy of `head` against `targets`.

    `piece` None: all at once, with one call of the head, also where there is nothing to learn.
    """
    if piece is None:
        return nn.functional.cross_entropy(head(hidden).float(), targets, reduction="sum")
    weights = list(head.parameters())
    if not len(targets):  # of the graph, so that every rank has gradients
        learning = [weight.sum() for weight in weights if weight.requires_grad]
        return sum(learning, hidden.sum()).float() * 0.0
    vocabulary = max((weight.shape[0] for weight in weights if weight.ndim == 2), default=1)
    rows = max(min(piece, max(FEW, len(targets) * vocabulary // 4)) // vocabulary, 1)
    if torch.is_grad_enabled():
        total: Tensor = _Pieces.apply(hidden, targets, head, rows, *weights)  # type: ignore[no-untyped-call]
        return total
    total = hidden.new_zeros((), dtype=torch.float32)
    for start in range(0, len(targets), rows):
        logits = head(hidden[start : start + rows]).float()
        target = targets[start : start + rows]
        total += nn.functional.cross_entropy(logits, target, reduction="sum")
    return total


def shifted(labels: Tensor) -> tuple[Tensor, Tensor]:
    """Where something is learnt, as flat positions, and what: each token is told by the one before it."""
    ahead = nn.functional.pad(labels, (0, 1), value=IGNORED)[..., 1:].reshape(-1)
    learnt = (ahead != IGNORED).nonzero().squeeze(-1)
    return learnt, ahead[learnt]


def install(model: Any, *, sharded: bool = False) -> Text:
    """Have a model, in peft's wrapping or not, take its loss this way; says why where it cannot.

    `sharded`: the head's weights are gathered for each call of it, by all ranks together.
    Batches may then bring `learnt` and `targets` (see `shifted`) in place of labels.
    """
    inner = unwrapped(model)
    head = inner.get_output_embeddings()
    body = getattr(inner, inner.base_model_prefix, None)
    if head is None or body is None or body is inner:
        return own("the model has no head of its own", "模型没有独立的输出层")
    config = inner.config.get_text_config()
    for name in MORE:
        value = getattr(config, name, None)
        if value is True or value not in (None, False, 1.0):
            return own(f"its config sets {name}", f"模型配置里设置了 {name}")
    theirs = inner.forward
    piece = None if sharded else PIECE
    inner.forward = MethodType(_forward(theirs, body, piece), inner)
    difference = _difference(inner, theirs)
    if not difference <= TOLERANCE.get(inner.dtype, COARSE):
        inner.forward = theirs
        return own(
            f"the model does more than a head and a cross entropy ({difference:.1g} off)",
            f"模型的损失不只是输出层加交叉熵（相差 {difference:.1g}）",
        )
    if sharded:
        return Text(
            "loss: logits of the learnt tokens alone, at once: FSDP gathers the head for one call",
            "损失：只对要学的词元计算 logits，一次算完：FSDP 每次调用都要聚合输出层",
        )
    return Text(
        "loss: logits of the learnt tokens alone, piece by piece",
        "损失：只对要学的词元分块计算 logits",
    )


def unwrapped(model: Any) -> Any:
    """The model inside peft's wrapping."""
    return model.get_base_model() if hasattr(model, "get_base_model") else model


def is_installed(model: Any) -> bool:
    return getattr(unwrapped(model).forward, "__module__", "") == __name__


def _forward(theirs: Callable[..., Any], body: nn.Module, piece: int | None) -> Callable[..., Any]:
    # A compiler would look into the gradients that are taken on the way there.
    summed: Callable[..., Tensor] = torch.compiler.disable(cross_entropy)  # type: ignore[no-untyped-call]

    def forward(
        self: Any,
        *given: Any,
        labels: Tensor | None = None,
        learnt: Tensor | None = None,
        targets: Tensor | None = None,
        num_items_in_batch: Tensor | int | None = None,
        **named: Any,
    ) -> Any:
        if labels is None and targets is None:
            return theirs(*given, **named)
        if learnt is None or targets is None:
            assert labels is not None
            learnt, targets = shifted(labels)
        named.pop("logits_to_keep", None)
        hidden = body(*given, **named)[0].flatten(0, -2)
        if len(learnt) < len(hidden):
            hidden = hidden.index_select(0, learnt)
        count = len(targets) if num_items_in_batch is None else num_items_in_batch
        total = summed(hidden, targets, self.get_output_embeddings(), piece)
        return CausalLMOutputWithPast(loss=total / count)

    return forward


@torch.no_grad()
def _difference(model: Any, forward: Callable[..., Any]) -> float:
    """Between both losses of a few tokens, relative."""
    trains = model.training
    model.eval()
    try:
        # Of the parameter, since peft's wrapping of an embedding has neither weight nor size at hand.
        weight = next(model.get_input_embeddings().parameters())
        device, count = weight.device, len(weight)
        ids = torch.arange(1, 17, device=device).reshape(2, 8) % count
        labels = ids.masked_fill(ids % 3 == 0, IGNORED)
        theirs = float(forward(input_ids=ids, labels=labels).loss)
        mine = float(model(input_ids=ids, labels=labels).loss)
    except (TypeError, ValueError, AttributeError, NotImplementedError):
        return float("inf")
    finally:
        model.train(trains)
    return abs(mine - theirs) / max(abs(theirs), 1e-6)


def own(en: str, zh: str) -> Text:
    """Says that the model's own loss is used, and why."""
    return Text(
        f"loss: the model's own, with all its logits: {en}",
        f"损失：用模型自带的实现（全部 logits）：{zh}",
    )
