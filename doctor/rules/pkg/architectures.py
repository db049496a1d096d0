"""Which transformers release was the first to know a model type.

Each row was read from the packages themselves: `CONFIG_MAPPING_NAMES` of the release named here has the
type, and that of the last release before it has not. Types that are not listed are not judged.
"""

from __future__ import annotations

from collections.abc import Mapping

FIRST_RELEASE: Mapping[str, str] = {
    "llama": "4.28.0",
    "qwen2": "4.37.0",
    "qwen2_moe": "4.40.0",
    "gemma2": "4.42.0",
    "qwen2_vl": "4.45.0",
    "qwen2_5_vl": "4.49.0",
    "gemma3": "4.50.0",
    "gemma3_text": "4.50.0",
    "qwen3": "4.51.0",
    "qwen3_moe": "4.51.0",
    "llama4": "4.51.0",
    "deepseek_v3": "4.51.0",
    "gpt_oss": "4.55.0",
    "qwen3_next": "4.57.0",
    "qwen3_vl": "4.57.0",
    "qwen3_vl_moe": "4.57.0",
    "olmo3": "4.57.0",
    "qwen3_5": "5.2.0",
    "qwen3_5_moe": "5.2.0",
}
