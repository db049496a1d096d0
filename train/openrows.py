"""The few rows of an embedding that learn beside an adapter, without a copy of the whole embedding.

peft puts them into a copy of the embedding at each call: for a vocabulary of 151,936 hundreds of megabytes
a call, and a gradient as large. The same numbers come from the frozen embedding and the few rows apart.
What is saved, loaded and merged stays peft's.
"""

from __future__ import annotations

from collections.abc import Callable
from types import MethodType
from typing import Any

import torch
from peft.tuners.trainable_tokens.layer import TrainableTokensLayer
from torch import Tensor, nn
from torch.nn import functional


def install(model: nn.Module) -> None:
    for module in model.modules():
        if isinstance(module, TrainableTokensLayer) and _reads(module.base_layer) is not None:
            module.forward_adapters = MethodType(  # type: ignore[method-assign]
                _forward(module.forward_adapters), module
            )


def _reads(base: nn.Module) -> Callable[[Any, Tensor, Tensor, Tensor], Tensor] | None:
    if isinstance(base, nn.Embedding):
        return _embedded
    return _written if type(base) is nn.Linear else None


def _forward(theirs: Callable[..., Tensor]) -> Callable[..., Tensor]:
    def forward(self: Any, x: Tensor, active_adapters: Any, *given: Any, **named: Any) -> Tensor:
        active = list(active_adapters)
        if self.disable_adapters or self.merged or len(active) != 1 or given or named:
            return theirs(x, active_adapters, *given, **named)
        read = _reads(self.base_layer)
        assert read is not None
        rows = self.trainable_tokens_delta[active[0]].to(self.base_layer.weight.dtype)
        ids = torch.tensor(self.token_indices[active[0]], device=x.device)
        return read(self, x, ids, rows)

    return forward


def _embedded(layer: Any, x: Tensor, ids: Tensor, rows: Tensor) -> Tensor:
    hit = x.unsqueeze(-1) == ids
    own = functional.embedding(hit.int().argmax(-1), rows)
    scale = layer._get_embed_scale()  # Gemma multiplies what it reads
    if scale is not None:
        own = own * scale.to(own.dtype)
    return torch.where(hit.any(-1, keepdim=True), own, layer.base_layer(x))


def _written(layer: Any, x: Tensor, ids: Tensor, rows: Tensor) -> Tensor:
    bias = layer.base_layer.bias
    own = functional.linear(x, rows, None if bias is None else bias[ids])
    whole: Tensor = layer.base_layer(x)
    return whole.index_copy_(-1, ids, own)  # in place: these are logits, as large as they come
