"""What one row of training data is, whatever file and format it came from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Message:
    """`reasoning` is what a thinking model wrote before the answer, where the row keeps it apart.

    `tool_calls` are {"type": "function", "function": {"name", "arguments": a table}, "id"?}, as chat
    templates take them; `name` and `tool_call_id` belong to the answers of tools.
    """

    role: str
    content: str
    reasoning: str = ""
    tool_calls: tuple[Mapping[str, object], ...] = ()
    name: str = ""
    tool_call_id: str = ""

    def as_dict(self) -> dict[str, object]:
        """What a chat template expects."""
        said: dict[str, object] = {"role": self.role, "content": self.content}
        if self.reasoning:
            said["reasoning_content"] = self.reasoning
        if self.tool_calls:
            said["tool_calls"] = [dict(call) for call in self.tool_calls]
        for key in ("name", "tool_call_id"):
            if getattr(self, key):
                said[key] = getattr(self, key)
        return said


Messages = tuple[Message, ...]
Tools = tuple[Mapping[str, object], ...]


@dataclass(frozen=True, slots=True)
class Conversation:
    """For sft: every answer of the assistant is learnt. `tools` are JSON schemas of functions."""

    messages: Messages
    tools: Tools = ()


@dataclass(frozen=True, slots=True)
class Completion:
    """For sft, as plain text: the model's template has no part in it."""

    prompt: str
    completion: str


@dataclass(frozen=True, slots=True)
class Passage:
    """For continued pre-training: all of it is learnt."""

    text: str


@dataclass(frozen=True, slots=True)
class Preference:
    """For dpo and reward: two answers to the same prompt, one better."""

    prompt: Messages
    chosen: Messages
    rejected: Messages
    tools: Tools = ()


@dataclass(frozen=True, slots=True)
class Judged:
    """For kto: one answer, and whether it is good."""

    prompt: Messages
    completion: Messages
    label: bool
    tools: Tools = ()


Value = Conversation | Completion | Passage | Preference | Judged
