"""Thoughts in answers: left out where the config or the model knows none, and never lost unseen."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace

from qtune.core.data.unusable import Unusable
from qtune.core.data.values import Message, Messages
from qtune.core.text import Text
from qtune.train.texts.template import Template

THOUGHT = re.compile(r"\s*<think>.*?</think>\s*", re.DOTALL)
EMPTY = re.compile(r"\s*<think>\s*</think>\s*")


def fitted(template: Template, messages: Messages, notes: Counter[str]) -> Messages:
    """The messages as this template and config want their thoughts; what was changed is counted.

    With `enable_thinking: false` answers have none. An empty thought written into an answer is taken
    off when the template writes none of its own: the model would learn to write it (Qwen3-Instruct-2507).
    """
    silent = template.enable_thinking is False
    plain = "</think>" not in template.source
    if not silent and not plain:
        return messages
    return tuple(
        _fitted(message, silent, notes) if message.role == "assistant" else message
        for message in messages
    )


def _fitted(message: Message, silent: bool, notes: Counter[str]) -> Message:
    pattern = THOUGHT if silent else EMPTY
    found = pattern.match(message.content)
    content = message.content[found.end() :] if found else message.content
    reasoning = "" if silent else message.reasoning
    if found and EMPTY.fullmatch(found.group()):
        notes["empty thoughts"] += 1
    elif found or reasoning != message.reasoning:
        notes["thoughts"] += 1
    if not content.strip() and not message.tool_calls and found:
        raise Unusable("empty-answer", "nothing but a thought")
    return replace(message, content=content, reasoning=reasoning)


def of(message: Message) -> str:
    """The thought of an answer, wherever the row keeps it."""
    if message.reasoning:
        return message.reasoning
    found = THOUGHT.match(message.content)
    return found.group().strip().removeprefix("<think>").removesuffix("</think>") if found else ""


def unwritten(message: Message, text: str) -> bool:
    """Is there a thought in the row which the template left out?"""
    return bool(message.reasoning.strip()) and message.reasoning.strip() not in text


TOLD = {
    "thoughts": Text(
        "answers had a thought, which was left out: enable_thinking is false",
        "条回答带有思考内容，已去掉：enable_thinking 为 false",
    ),
    "empty thoughts": Text(
        "answers began with an empty thought (<think></think>), which was left out",
        "条回答以空的思考块（<think></think>）开头，已去掉",
    ),
    "unwritten thoughts": Text(
        "answers have a thought, which this model's chat template does not write: not learnt",
        "条回答带有思考内容，但这个模型的对话模板不会写出来：不会被学习",
    ),
    "divided conversations": Text(
        "conversations were taken apart, one example an answer: the template shows earlier "
        "answers otherwise than it asks for them",
        "段多轮对话被拆成每个回答一个样本：对话模板呈现历史回答的方式与生成时不同",
    ),
    "openings": Text(
        "answers stand at the beginning of their conversation, where nothing asks for them: "
        "read, not learnt",
        "条回答位于对话开头，前面没有提问：只作为上文，不学习",
    ),
    "control tokens": Text(
        "plain texts contain the model's own control tokens, which are taken as such",
        "条纯文本里含有模型的控制词元，会按控制词元处理",
    ),
}
