"""ShareGPT's form: `conversations` of turns with from and value, with the roles that data sets have given it."""

from __future__ import annotations

import json
from collections.abc import Mapping

from qtune.core.data import messages as openai
from qtune.core.data.messages import content, joined_calls, refuse_unlearnt, text, whole
from qtune.core.data.tools import calls, written
from qtune.core.data.unusable import Unusable
from qtune.core.data.values import Conversation, Message, Messages

KEYS = ("conversations", "conversation")
ROLES = {
    **openai.ROLES,
    "human": "user",
    "gpt": "assistant",
    "chatgpt": "assistant",
    "bing": "assistant",
    "bard": "assistant",
    "model": "assistant",
    "bot": "assistant",
    "chatbot": "assistant",
    "ai": "assistant",
    "function_call": "assistant",
    "observation": "tool",
    "function_response": "tool",
}
_CALLS = ("function_call", "tool_call")


def conversation(row: Mapping[str, object]) -> Conversation:
    """Raises Unusable."""
    key = next(key for key in KEYS if row.get(key) is not None)
    return whole(turns(row[key], system=text(row, "system")), row)


def turns(value: object, *, system: str = "") -> Messages:
    """The messages of a list of turns (or of the JSON of one); role and content are taken, too."""
    if isinstance(value, str) and value.lstrip().startswith("["):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            raise Unusable("bad-message", "conversations is text, and no JSON") from None
    if isinstance(value, Mapping):
        value = [value]
    if not isinstance(value, list) or not value:
        raise Unusable("bad-message", "conversations is not a list" if value else "no turns")
    if all(isinstance(item, Mapping) and "role" in item and "from" not in item for item in value):
        return openai.messages(value, system=system)
    read: list[Message] = []
    for index, item in enumerate(value):
        message = _turn(item, index)
        if message.role == "system" and index:
            raise Unusable("bad-role", f"turn {index + 1}: system must come first")
        read.append(message)
    if system and read[0].role != "system":
        read.insert(0, Message("system", system))
    return joined_calls(read)


def _turn(item: object, index: int) -> Message:
    place = f"turn {index + 1}"
    if not isinstance(item, Mapping):
        raise Unusable("bad-message", f"{place} is not an object")
    named, said = item.get("from", item.get("role")), item.get("value", item.get("content"))
    role = ROLES.get(named.strip().lower()) if isinstance(named, str) else None
    if role is None:
        raise Unusable("bad-role", f"{place}: {named!r}"[:80])
    if isinstance(named, str) and named.strip().lower() in _CALLS:
        return Message(role, "", tool_calls=written(said, place))
    if role == "assistant":
        refuse_unlearnt(item, place)
    called = calls(item, place) if role == "assistant" else ()
    return Message(role, content(said, place, empty=bool(called) or role == "tool"), "", called)
