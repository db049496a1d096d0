"""What a row says as a few bytes: rows that say the same have the same, whatever file and form they came from."""

from __future__ import annotations

import hashlib
import json

from qtune.core.data.values import (
    Completion,
    Conversation,
    Judged,
    Messages,
    Passage,
    Preference,
    Tools,
    Value,
)


def digest(value: Value, key: bytes = b"") -> bytes:
    """16 bytes; with another `key` (at most 64 bytes) others, in another order."""
    return hashlib.blake2b(_said(value).encode("utf-8"), digest_size=16, key=key).digest()


def _said(value: Value) -> str:
    match value:
        case Passage(text):
            return f"text\0{text}"
        case Completion(prompt, completion):
            return f"completion\0{len(prompt)}\0{prompt}{completion}"
        case Conversation(messages, tools):
            return f"conversation\0{_messages(messages)}{_tools(tools)}"
        case Preference(prompt, chosen, rejected, tools):
            parts = (_messages(part) for part in (prompt, chosen, rejected))
            return "preference\0" + "\0\0".join(parts) + _tools(tools)
        case Judged(prompt, completion, label, tools):
            return f"judged\0{label}\0{_messages(prompt)}\0\0{_messages(completion)}{_tools(tools)}"


def _messages(messages: Messages) -> str:
    return "".join(
        f"{m.role}\0{len(m.content)}\0{m.content}{len(m.reasoning)}\0{m.reasoning}{m.name}\0{_tools(m.tool_calls)}"
        for m in messages
    )


def _tools(tools: Tools) -> str:
    return json.dumps(tools, sort_keys=True) if tools else ""
