"""What a model is asked with, in training, in chat and wherever else it is made to write."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from qtune.core.data.values import Message
from qtune.train.texts.example import Tokenizer
from qtune.train.texts.template import Mode

Said = Message | Mapping[str, object]


def text(
    tokenizer: Tokenizer,
    messages: Sequence[Said],
    enable_thinking: Mode = None,
    tools: Iterable[Mapping[str, object]] = (),
) -> str:
    """`enable_thinking` as the run's config has it: None leaves it to the template.

    The template that a run saves already says of itself how the run was trained (`remember`).
    """
    options: dict[str, object] = {}
    if enable_thinking is not None:
        options["enable_thinking"] = enable_thinking
    if tools:
        options["tools"] = [dict(tool) for tool in tools]
    said = [
        message.as_dict() if isinstance(message, Message) else dict(message) for message in messages
    ]
    return str(
        tokenizer.apply_chat_template(said, add_generation_prompt=True, tokenize=False, **options)
    )


def prompt(
    tokenizer: Tokenizer,
    messages: Sequence[Said],
    enable_thinking: Mode = None,
    tools: Iterable[Mapping[str, object]] = (),
) -> list[int]:
    """The tokens behind which the model is to write. A template that refuses raises what it raises."""
    asked = text(tokenizer, messages, enable_thinking, tools)
    return list(tokenizer(asked, add_special_tokens=False)["input_ids"])


def remember(tokenizer: Any, trained: Mode) -> bool:
    """Make the template ask, when nobody says otherwise, as the answers were learnt; was it changed?

    What is saved with the model then holds for every program that reads the template: a model trained
    without thinking does not think once it is merged and served elsewhere. Whoever passes
    enable_thinking is still obeyed.
    """
    template = tokenizer.chat_template
    if trained is None or not isinstance(template, str) or "enable_thinking" not in template:
        return False
    asked = [{"role": "user", "content": "1"}]
    if text(tokenizer, asked) == text(tokenizer, asked, trained):
        return False
    value = "true" if trained else "false"
    tokenizer.chat_template = (
        "{%- if enable_thinking is not defined %}"
        f"{{%- set enable_thinking = {value} %}}{{%- endif %}}{template}"
    )
    if text(tokenizer, asked) == text(tokenizer, asked, trained):
        return True
    tokenizer.chat_template = template
    return False
