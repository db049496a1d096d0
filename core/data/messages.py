"""Messages with role and content, as OpenAI writes them: tools, thoughts and text in parts included."""

from __future__ import annotations

import json
from collections.abc import Mapping

from qtune.core.data.tools import calls, tools, written
from qtune.core.data.unusable import Unusable
from qtune.core.data.values import Conversation, Message, Messages

# Names of roles, and the role that they mean. `tool_call` and `tool_response` are ms-swift's.
ROLES = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "assistant": "assistant",
    "tool": "tool",
    "function": "tool",
    "tool_response": "tool",
    "tool_call": "assistant",
}
MEDIA = ("images", "image", "videos", "video", "audios", "audio")


def conversation(row: Mapping[str, object]) -> Conversation:
    """Raises Unusable."""
    return whole(messages(row["messages"], system=text(row, "system")), row)


def whole(read: Messages, row: Mapping[str, object]) -> Conversation:
    """With the tools of the row, and with answers that can be learnt."""
    refuse_media(row)
    made = Conversation(read, tools(row))
    require_answers(read)
    return made


def messages(value: object, *, system: str = "") -> Messages:
    """The messages of a list (or of the JSON of one). `system` goes first where none stands there."""
    if isinstance(value, str) and value.lstrip().startswith("["):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            raise Unusable("bad-message", "messages is text, and no JSON") from None
    if isinstance(value, Mapping):
        value = [value]
    if not isinstance(value, list) or not value:
        raise Unusable("bad-message", "messages is not a list" if value else "messages is empty")
    read: list[Message] = []
    for index, item in enumerate(value):
        message = _message(item, index)
        if message.role == "system" and index:
            raise Unusable("bad-role", f"message {index + 1}: system must come first")
        read.append(message)
    if system and read[0].role != "system":
        read.insert(0, Message("system", system))
    return joined_calls(read)


def joined_calls(read: list[Message]) -> Messages:
    """Calls that stand one behind the other, each as a message without text, are made at once."""
    made: list[Message] = []
    for message in read:
        before = made[-1] if made else None
        if before is not None and _only_calls(before) and _only_calls(message):
            made[-1] = Message(
                "assistant",
                before.content,
                before.reasoning,
                before.tool_calls + message.tool_calls,
            )
        else:
            made.append(message)
    return tuple(made)


def _only_calls(message: Message) -> bool:
    return bool(message.tool_calls) and not message.content


def _message(item: object, index: int) -> Message:
    place = f"message {index + 1}"
    if not isinstance(item, Mapping):
        raise Unusable("bad-message", f"{place} is not an object")
    named = item.get("role")
    role = ROLES.get(named) if isinstance(named, str) else None
    if role is None:
        raise Unusable("bad-role", f"{place}: {named!r}"[:80])
    if named == "tool_call":
        return Message(role, "", tool_calls=written(item.get("content"), place))
    thought = item.get("reasoning_content") or item.get("reasoning") or item.get("thinking") or ""
    if not isinstance(thought, str):
        raise Unusable("bad-message", f"{place}: reasoning_content is not text")
    called = calls(item, place) if role == "assistant" else ()
    if role == "assistant":
        refuse_unlearnt(item, place)
    return Message(
        role,
        content(item.get("content"), place, empty=bool(called) or role == "tool"),
        thought,
        called,
        _word(item.get("name")) if role == "tool" else "",
        _word(item.get("tool_call_id")) if role == "tool" else "",
    )


def content(value: object, place: str, *, empty: bool = False) -> str:
    """Text, or a list of parts of type text. `empty`: there need not be any."""
    if isinstance(value, str):
        return value
    if value is None and empty:
        return ""
    if isinstance(value, list):
        parts = [_part(part, place) for part in value]
        if parts or empty:
            return "".join(parts)
    if isinstance(value, Mapping) and empty:
        return json.dumps(value, ensure_ascii=False)
    raise Unusable("bad-message", f"{place}: content is not text")


def _part(part: object, place: str) -> str:
    if isinstance(part, str):
        return part
    if isinstance(part, Mapping):
        if part.get("type") == "text" and isinstance(part.get("text"), str):
            return str(part["text"])
        if isinstance(part.get("type"), str) and part["type"] != "text":
            raise Unusable("media", f"{place}: a part of type {part['type']}"[:80])
    raise Unusable("bad-message", f"{place}: content is not text")


def refuse_unlearnt(item: Mapping[str, object], place: str) -> None:
    """An answer that the data says not to learn: OpenAI's weight 0, ms-swift's loss false, axolotl's train."""
    if any(item.get(key) in (0, False) for key in ("weight", "loss", "train")):
        raise Unusable("unlearnt", place)


def refuse_media(row: Mapping[str, object]) -> None:
    """A text that speaks of a picture which nobody sees teaches to make things up."""
    for key in MEDIA:
        if row.get(key):
            raise Unusable("media", key)


def require_answers(read: Messages) -> None:
    """Raises Unusable where there is no answer, or one that says and calls nothing."""
    answers = [message for message in read if message.role == "assistant"]
    if not answers:
        raise Unusable("no-answer")
    if not all(answer.content.strip() or answer.tool_calls for answer in answers):
        raise Unusable("empty-answer")


def text(row: Mapping[str, object], key: str) -> str:
    """The text under `key`; nothing where there is none. Raises Unusable for what is no text."""
    value = row.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise Unusable("bad-message", f"{key} is not text")
    return value


def _word(value: object) -> str:
    return value if isinstance(value, str) else ""
