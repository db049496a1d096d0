"""What the config.json of well-known models say, as far as it decides their size."""

from __future__ import annotations

from typing import Any

from qtune.core.architecture import Architecture, read


def _config(
    kind: str, layers: int, hidden: int, inner: int, heads: int, kv: int, vocab: int, **more: Any
) -> dict[str, Any]:
    return {
        "model_type": kind,
        "num_hidden_layers": layers,
        "hidden_size": hidden,
        "intermediate_size": inner,
        "num_attention_heads": heads,
        "num_key_value_heads": kv,
        "vocab_size": vocab,
        **more,
    }


def _qwen3(layers: int, hidden: int, inner: int, heads: int, tied: bool) -> dict[str, Any]:
    return _config(
        "qwen3", layers, hidden, inner, heads, 8, 151_936,
        head_dim=128, tie_word_embeddings=tied, max_position_embeddings=40_960,
    )  # fmt: skip


# (config, parameters as the model cards and transformers count them)
CONFIGS: dict[str, dict[str, Any]] = {
    "Qwen/Qwen3-0.6B": _qwen3(28, 1024, 3072, 16, True),
    "Qwen/Qwen3-1.7B": _qwen3(28, 2048, 6144, 16, True),
    "Qwen/Qwen3-4B": _qwen3(36, 2560, 9728, 32, True),
    "Qwen/Qwen3-8B": _qwen3(36, 4096, 12288, 32, False),
    "Qwen/Qwen3-14B": _qwen3(40, 5120, 17408, 40, False),
    "Qwen/Qwen3-32B": _qwen3(64, 5120, 25600, 64, False),
    "Qwen/Qwen3-30B-A3B": _config(
        "qwen3_moe",
        48,
        2048,
        6144,
        32,
        4,
        151_936,
        head_dim=128,
        tie_word_embeddings=False,
        num_experts=128,
        num_experts_per_tok=8,
        moe_intermediate_size=768,
        decoder_sparse_step=1,
        mlp_only_layers=[],
    ),
    "Qwen/Qwen2.5-7B": _config(
        "qwen2", 28, 3584, 18944, 28, 4, 152_064, tie_word_embeddings=False
    ),
    "meta-llama/Llama-2-7b-hf": _config("llama", 32, 4096, 11008, 32, 32, 32_000),
    "meta-llama/Llama-3.1-8B": _config("llama", 32, 4096, 14336, 32, 8, 128_256),
    "mistralai/Mistral-7B-v0.1": _config("mistral", 32, 4096, 14336, 32, 8, 32_000),
}  # fmt: skip


def architecture(name: str) -> Architecture:
    found = read(CONFIGS[name])
    assert isinstance(found, Architecture), found
    return found
