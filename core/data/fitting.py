"""Which values a method of training can learn from, and what it makes of them; for the others, the reason."""

from __future__ import annotations

from qtune.core.data.unusable import Unusable
from qtune.core.data.values import (
    Completion,
    Conversation,
    Judged,
    Passage,
    Preference,
    Value,
)

# sft: answers. pt: whatever can be read from end to end. dpo and reward: pairs. kto: judged answers, and
# each pair as two of them.
LEARNS: dict[str, tuple[type[Value], ...]] = {
    "sft": (Conversation, Completion),
    "pt": (Passage, Completion, Conversation),
    "dpo": (Preference,),
    "reward": (Preference,),
    "kto": (Judged, Preference),
}
_ELSEWHERE: dict[type[Value], str] = {
    Passage: "is-text",
    Preference: "is-preference",
    Judged: "is-judged",
    Conversation: "is-answer",
    Completion: "is-answer",
}


def fitting(value: Value, method: str) -> tuple[Value, ...]:
    """What is learnt of a row: itself, or two of it. Raises Unusable."""
    if not isinstance(value, LEARNS[method]):
        raise Unusable(_ELSEWHERE[type(value)])
    if method == "kto" and isinstance(value, Preference):
        good = Judged(value.prompt, value.chosen, True, value.tools)
        return good, Judged(value.prompt, value.rejected, False, value.tools)
    if method == "pt" and isinstance(value, Conversation) and len(value.messages) == 1:
        return (Passage(value.messages[0].content),)  # how ms-swift writes plain text
    return (value,)
