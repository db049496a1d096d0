"""A row as a conversation: what sft and the doctor ask of it."""

from __future__ import annotations

from qtune.core.data.recognise import value
from qtune.core.data.unusable import KINDS, Unusable, told
from qtune.core.data.values import Conversation, Message

__all__ = ["KINDS", "Unusable", "conversation", "told"]


def conversation(row: object, wanted: str = "auto") -> tuple[Message, ...]:
    """Raises Unusable, too for a row that is of another form."""
    read = value(row, wanted)
    if not isinstance(read, Conversation):
        raise Unusable("unknown-format")
    return read.messages
