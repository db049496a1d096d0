"""Attention over rows that lie end to end: each row sees itself alone, and nothing is padding.

A batch of several rows is then one long one. `rows`, a keyword that the model hands through to each of its
layers, has the rows' lengths; without it the attention is torch's own, as for any batch.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

JOINED = "qtune_joined"


@dataclass
class Rows:
    """The lengths of the rows in a batch.

    Not a tuple: whatever moves a batch to a device would make a new one of that.
    """

    lengths: tuple[int, ...]
    _edges: Tensor | None = None

    def edges(self, device: torch.device) -> Tensor:
        """Where each row begins, as the GPU's kernel takes it; made once for all layers."""
        if self._edges is None:
            edges = torch.tensor([0, *self.lengths], dtype=torch.int32)
            self._edges = edges.cumsum(0, dtype=torch.int32).to(device)
        return self._edges


def register() -> None:
    AttentionInterface.register(JOINED, _attention)
    AttentionMaskInterface.register(JOINED, _mask)


def _attention(
    module: Any,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    dropout: float = 0.0,
    scaling: float | None = None,
    rows: Rows | None = None,
    **more: Any,
) -> tuple[Tensor, None]:
    """(1, heads, tokens, width) each; gives (1, tokens, heads, width)."""
    if rows is None:
        done: tuple[Tensor, None] = sdpa_attention_forward(
            module, query, key, value, attention_mask, dropout, scaling, **more
        )
        return done
    if query.is_cuda:
        return _kernel(query, key, value, scaling, rows), None
    parts = zip(
        *(torch.split(each, list(rows.lengths), 2) for each in (query, key, value)), strict=True
    )
    grouped = query.shape[1] != key.shape[1]
    out = [
        scaled_dot_product_attention(
            q, k, v, dropout_p=dropout, scale=scaling, is_causal=True, enable_gqa=grouped
        ).transpose(1, 2)
        for q, k, v in parts
    ]
    return torch.cat(out, dim=1), None


def _kernel(query: Tensor, key: Tensor, value: Tensor, scaling: float | None, rows: Rows) -> Tensor:
    """torch's own flash attention for rows of any length; knows no dropout."""
    from torch.nn.attention.varlen import varlen_attn

    q, k, v = (tensor[0].transpose(0, 1) for tensor in (query, key, value))
    edges, longest = rows.edges(query.device), max(rows.lengths)
    out = varlen_attn(
        q, k, v, edges, edges, longest, longest,
        scale=scaling, window_size=(-1, 0), enable_gqa=q.shape[1] != k.shape[1],
    )  # fmt: skip
    assert isinstance(out, Tensor)
    return out[None]


def _mask(**named: Any) -> Tensor | None:
    """None where nothing is padding: each row is causal in itself."""
    if named.get("attention_mask") is None and named.get("q_length") == named.get("kv_length"):
        return None
    return sdpa_mask(**named)
