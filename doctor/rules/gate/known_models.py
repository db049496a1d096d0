"""Models that people often mean, for a guess at what a misspelt name was to be."""

from __future__ import annotations

import difflib

from qtune.core.envpatch import EnvPatch
from qtune.core.origin import Level
from qtune.core.text import Text
from qtune.doctor.facts import Facts
from qtune.doctor.finding import Applicability, Fix

_QWEN3 = ("0.6B", "1.7B", "4B", "8B", "14B", "32B", "30B-A3B", "235B-A22B")
_MODELS = (
    *(f"Qwen/Qwen3-{size}" for size in _QWEN3),
    *(f"Qwen/Qwen3-{size}-Base" for size in _QWEN3[:5]),
    "Qwen/Qwen3-4B-Instruct-2507",
    "Qwen/Qwen3-4B-Thinking-2507",
    "Qwen/Qwen3-30B-A3B-Instruct-2507",
    *(f"Qwen/Qwen2.5-{size}-Instruct" for size in ("0.5B", "1.5B", "3B", "7B", "14B", "32B")),
    "meta-llama/Llama-2-7b-hf",
    "meta-llama/Llama-2-7b-chat-hf",
    "meta-llama/Llama-3.1-8B",
    "meta-llama/Llama-3.1-8B-Instruct",
    "meta-llama/Llama-3.2-1B-Instruct",
    "meta-llama/Llama-3.2-3B-Instruct",
    "mistralai/Mistral-7B-Instruct-v0.3",
    "google/gemma-2-2b-it",
    "google/gemma-2-9b-it",
    "deepseek-ai/DeepSeek-R1-Distill-Qwen-1.5B",
    "deepseek-ai/DeepSeek-R1-Distill-Qwen-7B",
)
_BY_LOWER = {model.lower(): model for model in _MODELS}
_BY_NAME = {model.partition("/")[2].lower(): model for model in _MODELS}


def meant(model: str) -> str | None:
    """The model of our list that `model` nearly names, or None. Never `model` itself."""
    written = model.strip().strip("\"'/").lower()
    whole = _BY_LOWER.get(written) or _BY_NAME.get(written)
    if whole is None:
        names = _BY_LOWER if "/" in written else _BY_NAME
        near = difflib.get_close_matches(written, names, 1, cutoff=0.85)
        whole = names[near[0]] if near else None
    return whole if whole != model else None


def named_by_setting(facts: Facts) -> bool:
    """Is it DEFAULT_MODEL that names the goal's model?"""
    setting = facts.setting("DEFAULT_MODEL")
    return (
        facts.goal.run_config is None
        and setting.value == facts.goal.model
        and setting.origin.level is not Level.DEFAULT
    )


def correction(facts: Facts) -> Fix | None:
    """The name that was probably meant, where it is written or to be typed."""
    guess = meant(facts.goal.model)
    if guess is None:
        return None
    title = Text(f"Did you mean {guess}?", f"是不是 {guess}？")
    if named_by_setting(facts):
        return Fix(title, Applicability.UNSAFE, patch=EnvPatch({"DEFAULT_MODEL": guess}))
    return Fix(title, Applicability.MANUAL, command=f"qtune doctor {guess}")
