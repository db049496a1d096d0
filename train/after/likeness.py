"""Do two models answer alike? Measured on the logits of a few prompts, against what their numbers allow.

The distance is relative: the root of the mean square of the difference, by that of the logits' own
spread. A merge rounds each weight once more, and in bfloat16 a weight has three digits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from qtune.core.text import Text
from qtune.train.after.prompt import prompt_of

ALLOWED = {torch.float32: 1e-4, torch.float16: 1e-2, torch.bfloat16: 5e-2}
# Of the way that the adapter moved the logits, this much must be kept: rounding stands across that way and
# does not count, a merge that did nothing keeps 0.
_KEPT = (0.75, 1.25)
_QUESTIONS = (
    "What is the capital of France?",
    "用一句话介绍一下你自己。",
    "def fibonacci(n):\n    # complete this function\n",
)


@dataclass(frozen=True)
class Likeness:
    """`apart` is how far the merged model is from the adapter, `moved` how far the adapter from its base,
    and `kept` the share of that way which the merged model went too."""

    apart: float
    moved: float
    kept: float
    allowed: float
    dtype: str

    @property
    def alike(self) -> bool:
        known = (
            self.moved > self.allowed / 50
        )  # nearer than that, nothing can be told from rounding
        return self.apart <= self.allowed and (not known or _KEPT[0] <= self.kept <= _KEPT[1])

    def text(self) -> Text:
        apart = f"{self.apart:.1e} (allowed {self.allowed:.0e}, {self.dtype})"
        apart_zh = f"{self.apart:.1e}（{self.dtype} 允许 {self.allowed:.0e}）"
        return Text(
            f"logits of merged and adapter: {apart} apart; of what training moved, "
            f"{100 * self.kept:.1f} % is kept",
            f"合并后与适配器的 logits 相差 {apart_zh}；训练带来的变化保留了 {100 * self.kept:.1f}%",
        )


def probes(tokenizer: Any, enable_thinking: bool | None) -> list[list[int]]:
    texts = list(_QUESTIONS)
    if tokenizer.chat_template:
        texts = [
            prompt_of(tokenizer, [{"role": "user", "content": text}], enable_thinking)
            for text in _QUESTIONS
        ]
    return [tokenizer(text, add_special_tokens=False)["input_ids"] for text in texts]


@torch.inference_mode()
def answers(model: Any, prompts: Sequence[Sequence[int]]) -> torch.Tensor:
    """The logits behind every token of every prompt, on the CPU."""
    place = model.get_input_embeddings().weight.device
    found = [
        model(input_ids=torch.tensor([list(ids)], device=place), use_cache=False).logits[0]
        for ids in prompts
    ]
    return torch.cat(found).float().cpu()


def compare(
    got: torch.Tensor, wanted: torch.Tensor, untuned: torch.Tensor, dtype: torch.dtype
) -> Likeness:
    kept = 0.0
    if got.shape == wanted.shape:
        way, went = wanted - untuned, got - untuned
        kept = float((way * went).sum() / way.square().sum().clamp_min(1e-30))
    return Likeness(
        distance(got, wanted),
        distance(untuned, wanted),
        kept,
        ALLOWED.get(dtype, 1e-4),
        str(dtype).removeprefix("torch."),
    )


def distance(one: torch.Tensor, other: torch.Tensor) -> float:
    """Infinite where one of the two holds no numbers."""
    if one.shape != other.shape or not (one.isfinite().all() and other.isfinite().all()):
        return float("inf")
    spread = (other - other.mean(dim=-1, keepdim=True)).square().mean().sqrt()
    return float((one - other).square().mean().sqrt() / spread.clamp_min(1e-12))
