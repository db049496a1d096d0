"""Repositories that are published by another owner, or under another name, on the other hub.

Each pair was read from two public tables that agree, those of ms-swift and of LLaMA-Factory.
"""

from __future__ import annotations

from collections.abc import Mapping

_META = "meta-llama"
_SAME_NAME = (
    "Llama-3.2-1B", "Llama-3.2-3B", "Llama-3.2-1B-Instruct", "Llama-3.2-3B-Instruct",
    "Llama-3.3-70B-Instruct", "Meta-Llama-3-8B", "Meta-Llama-3-70B", "Meta-Llama-3-8B-Instruct",
    "Meta-Llama-3-70B-Instruct",
)  # fmt: skip
_OTHER_NAME = {
    f"Llama-3.1-{size}{kind}": f"Meta-Llama-3.1-{size}{kind}"
    for size in ("8B", "70B")
    for kind in ("", "-Instruct")
}
TO_MODELSCOPE: Mapping[str, str] = {
    f"{_META}/{there}": f"LLM-Research/{here}"
    for there, here in (*((name, name) for name in _SAME_NAME), *_OTHER_NAME.items())
}
TO_HUGGING_FACE: Mapping[str, str] = {here: there for there, here in TO_MODELSCOPE.items()}

# Owners that one hub knows and the other does not.
ONLY_ON_HUGGING_FACE = frozenset((_META,))
ONLY_ON_MODELSCOPE = frozenset(("LLM-Research", "AI-ModelScope"))
