"""The chat templates that TRL ships, with a tokenizer that knows their tokens; and random conversations."""

from __future__ import annotations

import re
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from qtune.core.data.values import Conversation, Message

FOLDER = Path(str(next(iter(find_spec("trl").submodule_search_locations or [])))) / "chat_templates"  # type: ignore[union-attr]
CONTROL = re.compile(r"<[|｜][^<>|｜\s]{1,40}[|｜]>|<(?:start|end)_of_turn>|<end_of_utterance>")
WEATHER = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "Of a city.",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
    },
}


def source(name: str) -> str:
    return (FOLDER / f"{name}.jinja").read_text(encoding="utf-8")


@cache
def tokenizer(name: str) -> Any:
    """The quickstart's byte-level BPE, with the control tokens of the template and Qwen's `<think>`."""
    from qtune.train.quickstart.model import make_tokenizer

    made: Any = make_tokenizer()
    names = sorted({"<|im_start|>", *CONTROL.findall(source(name))} - {"<|im_end|>"})
    made.add_special_tokens({"additional_special_tokens": names})
    made.add_tokens(["<think>", "</think>", "<tool_call>", "</tool_call>"])
    made.bos_token = "<|endoftext|>"
    made.chat_template = source(name)
    return made


words = st.lists(
    st.sampled_from(
        ["LoRA", "微调", "the loss", "é", "1e-4", "data.", "令牌。", "\n", "  ", "😀", "{}", "<b>"]
    ),
    min_size=1,
    max_size=6,
)


@st.composite
def said(draw: st.DrawFn) -> str:
    """Text without white space at its edges, which many templates trim."""
    return "A" + "".join(draw(words)) + "."


@st.composite
def conversations(
    draw: st.DrawFn, *, system: bool = True, tools: bool = False, thoughts: bool = True
) -> Conversation:
    """Up to four turns, as users of a model have them."""
    messages: list[Message] = []
    if system and draw(st.booleans()):
        messages.append(Message("system", draw(said())))
    with_tools = tools and draw(st.booleans())
    for _ in range(draw(st.integers(1, 4))):
        messages.append(Message("user", draw(said())))
        if with_tools and draw(st.booleans()):
            call = {"function": {"name": "weather", "arguments": {"city": draw(said())}}}
            calls = tuple({"type": "function", **call} for _ in range(draw(st.integers(1, 2))))
            content = draw(st.one_of(st.just(""), said()))
            messages.append(Message("assistant", content, tool_calls=calls))
            messages += [Message("tool", draw(said()), name="weather") for _ in calls]
        reasoning = draw(said()) if thoughts and draw(st.booleans()) else ""
        messages.append(Message("assistant", draw(said()), reasoning))
    return Conversation(tuple(messages), (WEATHER,) if with_tools else ())
