"""A model's sizes as its config.json gives them, and every weight that follows from them, exactly.

Only layouts whose every weight is known are read: for any other the answer is a reason, never a guess.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from qtune.core.text import Text

# (biases of q, k and v unless the config says otherwise, norms of q and k)
_FAMILIES = {
    "llama": (False, False),
    "mistral": (False, False),
    "qwen2": (True, False),
    "qwen3": (False, True),
    "qwen3_moe": (False, True),
}
_LARGEST = 1 << 24  # no real model has a size beyond it; a hostile number must not pass for one
_MOST_LAYERS = 1 << 10


@dataclass(frozen=True)
class Architecture:
    """A decoder. `sparse_layers` of the `layers` have `experts` of `expert_intermediate` in place of the
    one network of `intermediate`; each token goes through `experts_per_token` of them. `positions` is the
    longest text that it was made for, 0 where that is not said."""

    model_type: str
    layers: int
    hidden: int
    intermediate: int
    heads: int
    kv_heads: int
    head_dim: int
    vocab: int
    tied: bool
    qkv_bias: bool = False
    output_bias: bool = False
    mlp_bias: bool = False
    qk_norm: bool = False
    experts: int = 0
    experts_per_token: int = 0
    expert_intermediate: int = 0
    sparse_layers: int = 0
    positions: int = 0

    def __post_init__(self) -> None:
        """A facts file may come from anyone: ValueError for sizes that no model has."""
        sizes = (self.hidden, self.heads, self.kv_heads, self.head_dim, self.vocab)
        inner = (self.intermediate, self.expert_intermediate, self.experts, self.experts_per_token)
        if not (
            0 < self.layers <= _MOST_LAYERS
            and 0 <= self.sparse_layers <= self.layers
            and all(0 < size <= _LARGEST for size in sizes)
            and all(0 <= size <= _LARGEST for size in inner)
        ):
            raise ValueError("no model has these sizes")

    @property
    def query(self) -> int:
        """The width of all query heads together."""
        return self.heads * self.head_dim

    @property
    def keys(self) -> int:
        """The width of all key heads together, which is that of the values too."""
        return self.kv_heads * self.head_dim


@dataclass(frozen=True)
class Linear:
    """`count` matrices of this shape, one a layer. `path` is the module's place within its layer."""

    path: str
    inputs: int
    outputs: int
    bias: bool
    count: int

    @property
    def name(self) -> str:
        return self.path.rpartition(".")[2]

    @property
    def parameters(self) -> int:
        return self.count * self.outputs * (self.inputs + self.bias)


def linears(of: Architecture) -> tuple[Linear, ...]:
    """The linear layers of all decoder layers; experts are no linear layers, but one stacked weight."""
    qkv, dense = of.qkv_bias, of.layers - of.sparse_layers
    attention = (
        Linear("self_attn.q_proj", of.hidden, of.query, qkv, of.layers),
        Linear("self_attn.k_proj", of.hidden, of.keys, qkv, of.layers),
        Linear("self_attn.v_proj", of.hidden, of.keys, qkv, of.layers),
        Linear("self_attn.o_proj", of.query, of.hidden, of.output_bias, of.layers),
    )
    if not dense:
        return attention
    return (
        *attention,
        Linear("mlp.gate_proj", of.hidden, of.intermediate, of.mlp_bias, dense),
        Linear("mlp.up_proj", of.hidden, of.intermediate, of.mlp_bias, dense),
        Linear("mlp.down_proj", of.intermediate, of.hidden, of.mlp_bias, dense),
    )


def embedding(of: Architecture) -> int:
    """Parameters of the embedding, and of the head where the two are not tied."""
    return of.vocab * of.hidden


def expert_parameters(of: Architecture) -> int:
    """Every expert of every sparse layer with its router: all lie in memory, however few a token uses."""
    experts = of.experts * 3 * of.hidden * of.expert_intermediate
    return of.sparse_layers * (experts + of.experts * of.hidden)


def norms(of: Architecture) -> int:
    heads = 2 * of.head_dim if of.qk_norm else 0
    return of.layers * (2 * of.hidden + heads) + of.hidden


def parameters(of: Architecture) -> int:
    """As transformers counts them: a tied head once."""
    ends = embedding(of) * (1 if of.tied else 2)
    return ends + sum(each.parameters for each in linears(of)) + expert_parameters(of) + norms(of)


def read(config: object) -> Architecture | Text:
    """The architecture behind a parsed config.json, or why it cannot be told."""
    if not isinstance(config, Mapping):
        return Text("config.json is not a table", "config.json 不是键值表")
    family = config.get("model_type")
    if not isinstance(family, str) or family not in _FAMILIES:
        shown = family[:60] if isinstance(family, str) else "?"
        return Text(f"models of the type {shown} are not known", f"不认识 {shown} 类型的模型")
    quantized = config.get("quantization_config")
    if quantized:
        how = (
            str(quantized.get("quant_method", "?"))[:60] if isinstance(quantized, Mapping) else "?"
        )
        return Text(f"its weights are quantized already ({how})", f"模型权重已经量化（{how}）")
    try:
        return _read(family, config)
    except _Missing as key:
        return Text(f"config.json has no usable {key}", f"config.json 里没有可用的 {key}")


class _Missing(Exception):
    """Holds the key."""


def _read(family: str, config: Mapping[str, Any]) -> Architecture:
    qkv_bias, qk_norm = _FAMILIES[family]
    hidden, heads = _size(config, "hidden_size"), _size(config, "num_attention_heads")
    layers = _size(config, "num_hidden_layers")
    if layers > _MOST_LAYERS:
        raise _Missing("num_hidden_layers")
    # transformers' own defaults, where a config leaves them out.
    absent_head = 128 if family == "qwen3" else hidden // heads or 1
    biased = bool(config.get("attention_bias")) and family in ("llama", "qwen3", "qwen3_moe")
    sparse = set(_sparse(config, layers)) if family == "qwen3_moe" else set()
    kv_heads = _size(config, "num_key_value_heads", heads)
    if heads % kv_heads:
        raise _Missing("num_key_value_heads")
    dense_needed = len(sparse) < layers
    return Architecture(
        model_type=family,
        layers=layers,
        hidden=hidden,
        intermediate=_size(config, "intermediate_size") if dense_needed else 0,
        heads=heads,
        kv_heads=kv_heads,
        head_dim=_size(config, "head_dim", absent_head),
        vocab=_size(config, "vocab_size"),
        tied=bool(config.get("tie_word_embeddings", False)),
        qkv_bias=qkv_bias or biased,
        output_bias=biased,
        mlp_bias=bool(config.get("mlp_bias")) and family == "llama",
        qk_norm=qk_norm,
        experts=_size(config, "num_experts") if sparse else 0,
        experts_per_token=_size(config, "num_experts_per_tok") if sparse else 0,
        expert_intermediate=_size(config, "moe_intermediate_size") if sparse else 0,
        sparse_layers=len(sparse),
        positions=positions(config),
    )


def positions(config: Mapping[str, Any]) -> int:
    """The longest text, stretched as the config says (YaRN and its like); 0 where it does not tell."""
    most = config.get("max_position_embeddings")
    scaling = config.get("rope_scaling") or config.get("rope_parameters")
    if not isinstance(most, int) or isinstance(most, bool) or not 0 < most <= _LARGEST:
        return 0
    if not isinstance(scaling, Mapping):
        return most
    factor, before = scaling.get("factor", 1), scaling.get("original_max_position_embeddings", most)
    if not isinstance(factor, int | float) or not 1 <= factor <= _LARGEST:
        return most
    if not isinstance(before, int) or not 0 < before <= _LARGEST:
        return most
    return max(most, int(min(before * factor, _LARGEST)))


def _sparse(config: Mapping[str, Any], layers: int) -> Iterator[int]:
    """The layers that have experts."""
    step = _size(config, "decoder_sparse_step", 1)
    dense = config.get("mlp_only_layers")
    if dense is not None and not isinstance(dense, list):
        raise _Missing("mlp_only_layers")
    for layer in range(layers):
        if layer not in (dense or ()) and (layer + 1) % step == 0:
            yield layer


def _size(config: Mapping[str, Any], key: str, absent: int | None = None) -> int:
    value = config.get(key)
    if value is None and absent is not None:
        return absent
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value <= _LARGEST:
        raise _Missing(key)
    return value
