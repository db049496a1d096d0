"""Kinds of LoRA that do not go together: peft would refuse them, after the model is loaded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from qtune.core.runproblems import ConfigProblem
from qtune.core.text import Text
from qtune.core.yamltree import Leaf, Tree

Pairs = Mapping[str, tuple[Leaf, Tree]]
Given = Mapping[str, object]

# The field that is told, and those it does not go with. tests/train/test_refusals.py asks peft for each.
WITH_DORA = (
    "lora_bias",
    "target_parameters",
    "alora_invocation_tokens",
    "velora_config",
    "init_lora_weights",
)
PAIRS = (
    ("lora_dropout", "target_parameters"),
    ("lora_bias", "target_parameters"),
    ("alora_invocation_tokens", "target_parameters"),
    ("velora_config", "alora_invocation_tokens"),
)


def contradictions(pairs: Pairs, given: Given, *, dora: bool) -> Iterator[ConfigProblem]:
    """`given` are the usable values of `lora:`, `pairs` all that stands in it."""
    for key in WITH_DORA if dora else ():
        if _on(key, given):
            value = f" {given[key]}" if key == "init_lora_weights" else ""
            yield _told(pairs, key, f"{key}{value}", "tuning: dora")
    for key, other in PAIRS:
        if _on(key, given) and _on(other, given):
            yield _told(pairs, key, key, other)


def _on(key: str, given: Given) -> bool:
    value = given.get(key)
    if key == "init_lora_weights":
        return value == "mica"
    return value is not None if key == "velora_config" else bool(value)


def _told(pairs: Pairs, key: str, what: str, other: str) -> ConfigProblem:
    return ConfigProblem(
        "CFG010",
        Text(f"lora: {what} does not go with {other}", f"lora：{what} 不能与 {other} 一起使用"),
        pairs[key][0].mark,
        Text("Keep one of them.", "请只保留一个。"),
    )
