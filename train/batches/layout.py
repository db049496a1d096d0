"""Chooses how examples lie in a micro-batch, tries it on the model, and says why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from qtune.core.text import Text
from qtune.train import attention
from qtune.train.attention import JOINED
from qtune.train.batches.micro import Kind, Layout, example, inputs
from qtune.train.loss import COARSE, TOLERANCE, is_installed, unwrapped

KINDS: dict[str, Kind] = {"flash_attention_2": "flash", "sdpa": "joined"}
SPANS = ((3, 15), (40, 47))  # of the token ids of two rows


def choose(
    model: Any,
    kernel: str,
    packing: str,
    lengths: Sequence[int],
    *,
    batch: int,
    pad: int,
    longest: int,
    device: str,
    compiled: bool = False,
    noisy: bool = False,
) -> tuple[Layout, tuple[Text, ...]]:
    """`model` has its loss installed or not; `kernel` is its attention, `batch` the examples of a step,
    `longest` the tokens of the longest example."""
    inner, pieces = unwrapped(model), is_installed(model)
    padded = Layout("padded", pad, pieces, 8 if device == "cuda" else 1)
    if compiled:  # each new width would be compiled again
        few = replace(padded, multiple=64)
        return few, (_padded("torch_compile wants few shapes", "torch_compile 需要形状尽量少变"),)
    if noisy:
        en = "neftune_noise_alpha measures its noise by the length of a row"
        return padded, (_padded(en, "neftune_noise_alpha 按每行的长度决定噪声大小"),)
    if packing == "false":
        return padded, (_padded("packing: false", "packing: false"),)
    share = waste(lengths, batch)
    kind = KINDS.get(kernel)
    why: Text | None = Text(f"the attention is {kernel}", f"注意力实现是 {kernel}")
    if kind is not None:
        why = _unfit(inner, kind, longest, device)
        why = why or _tried(model, kernel, replace(padded, kind=kind))
    if kind is not None and why is None:
        return replace(padded, kind=kind), (_joined(share),)
    assert why is not None
    if packing == "auto":
        return padded, (_padded(why.en, why.zh),)
    blocked = replace(padded, kind="blocked")
    unlike = _tried(model, kernel, blocked)
    if unlike is None:
        return blocked, (_blocked(why),)
    return padded, (_unpacked(unlike),)


def waste(lengths: Sequence[int], batch: int) -> float:
    """The share of padding if batches were drawn as they come, each as wide as its longest."""
    whole = 0
    for start in range(0, len(lengths), batch):
        some = lengths[start : start + batch]
        whole += max(some) * len(some)
    return 1 - sum(lengths) / whole if whole else 0.0


def _unfit(model: Any, kind: Kind, longest: int, device: str) -> Text | None:
    """What a trial with short rows would not show."""
    config = model.config.get_text_config()
    window = int(getattr(config, "sliding_window", None) or 0)
    kinds = set(getattr(config, "layer_types", None) or ())
    sliding = window > 0 and (not kinds or "sliding_attention" in kinds)
    if kind == "joined" and (kinds - {"full_attention", "sliding_attention"}):
        return Text("the model has layers of another kind", "模型有其他类型的层")
    if kind == "joined" and sliding and window < longest:
        return Text(
            f"the model's window of {window} tokens is shorter than the longest example",
            f"模型的滑动窗口（{window}）比最长的样本短",
        )
    dropout: object = getattr(config, "attention_dropout", None)
    if kind == "joined" and device == "cuda" and dropout:
        return Text("the model drops attention out", "模型使用注意力 dropout")
    return None


def _tried(model: Any, kernel: str, layout: Layout) -> Text | None:
    """None where two rows laid together are worth what they are alone; leaves the model set for it."""
    inner = unwrapped(model)
    if layout.kind == "joined":
        attention.register()
        inner.set_attn_implementation(JOINED)
    try:
        difference = _difference(model, layout)
    except (TypeError, ValueError, RuntimeError, AttributeError, ImportError) as error:
        first = (str(error).splitlines() or [type(error).__name__])[0][:120]
        unlike: Text | None = Text(f"the model cannot ({first})", f"模型不支持（{first}）")
    else:
        mixed = torch.is_autocast_enabled(inner.device.type)
        limit = COARSE if mixed else TOLERANCE.get(inner.dtype, COARSE)
        unlike = (
            None
            if difference <= limit
            else Text(
                f"rows laid together do not stay apart in this model ({difference:.1g} off)",
                f"这个模型里拼在一起的样本会互相影响（相差 {difference:.1g}）",
            )
        )
    if unlike is not None and layout.kind == "joined":
        inner.set_attn_implementation(kernel)
    return unlike


def _difference(model: Any, layout: Layout) -> float:
    """Between the loss of two short rows together and apart, relative."""
    trains = model.training
    model.eval()
    try:
        weight = next(model.get_input_embeddings().parameters())
        device, count = weight.device, len(weight)
        rows = [
            [1 + index * 7 % (count - 1) for index in range(start, stop)] for start, stop in SPANS
        ]
        examples = [example({"input_ids": row, "labels": row}) for row in rows]
        alone = [_loss(model, inputs([each], layout), device) for each in examples]
        learnt = [len(row) - 1 for row in rows]
        apart = sum(a * n for a, n in zip(alone, learnt, strict=True)) / sum(learnt)
        if layout.kind == "blocked":
            ids = [token for row in rows for token in row]
            lengths = tuple(len(row) for row in rows)
            examples = [example({"input_ids": ids, "labels": ids, "rows": lengths})]
        together = _loss(model, inputs(examples, layout), device)
        if device.type == "cuda":  # a kernel may know the way there and not back
            torch.autograd.backward(_called(model, inputs(examples, layout), device))
    finally:
        model.zero_grad()
        model.train(trains)
    return abs(together - apart) / max(abs(apart), 1e-6)


@torch.no_grad()
def _loss(model: Any, given: dict[str, Any], device: torch.device) -> float:
    return float(_called(model, given, device))


def _called(model: Any, given: dict[str, Any], device: torch.device) -> Tensor:
    moved = {key: v.to(device) if isinstance(v, Tensor) else v for key, v in given.items()}
    loss: Tensor = model(**moved).loss
    return loss


def _joined(share: float) -> Text:
    saved = f"{100 * share:.0f} %"
    return Text(
        f"batches: rows end to end, each seeing itself alone ({saved} of padded batches would be padding)",
        f"批次：样本首尾相接、互不可见（若用填充，{saved} 会是填充）",
    )


def _padded(en: str, zh: str) -> Text:
    return Text(
        f"batches: rows of like length together, padded: {en}",
        f"批次：长度相近的样本放在一起并填充：{zh}",
    )


def _blocked(why: Text) -> Text:
    return Text(
        f"packing: with a block mask, since the attention takes no rows end to end: {why.en}",
        f"打包：使用分块掩码，因为注意力不支持首尾相接的样本：{why.zh}",
    )


def _unpacked(why: Text) -> Text:
    return Text(
        f"packing: each bin's rows are padded side by side instead of end to end: {why.en}",
        f"打包：同一包内的样本并排填充，而不是首尾相接：{why.zh}",
    )
