"""An instruction and its output, under the names that data sets give the two; with input, system and history."""

from __future__ import annotations

import json
from collections.abc import Mapping

from qtune.core.data.messages import text, whole
from qtune.core.data.unusable import Unusable
from qtune.core.data.values import Conversation, Message, Messages

QUESTIONS = ("instruction", "query", "question", "prompt")
ANSWERS = ("output", "response", "answer")


def question_key(row: Mapping[str, object]) -> str | None:
    return next((key for key in QUESTIONS if row.get(key) is not None), None)


def answer_key(row: Mapping[str, object]) -> str | None:
    return next((key for key in ANSWERS if row.get(key) is not None), None)


def conversation(row: Mapping[str, object]) -> Conversation:
    """Raises Unusable."""
    asked = question(row)
    key = answer_key(row)
    if key is None:
        raise Unusable("no-answer", "output is missing")
    return whole((*asked, Message("assistant", text(row, key))), row)


def question(row: Mapping[str, object]) -> Messages:
    """All that stands before the answer: system, history, and instruction with input."""
    made: list[Message] = []
    system = text(row, "system")
    if system:
        made.append(Message("system", system))
    for before, answer in _history(row.get("history")):
        made += [Message("user", before), Message("assistant", answer)]
    parts = (text(row, question_key(row) or "instruction"), text(row, "input"))
    asked = "\n".join(part for part in parts if part)
    if not asked.strip():
        raise Unusable("empty-question")
    return (*made, Message("user", asked))


def _history(given: object) -> list[tuple[str, str]]:
    if isinstance(given, str) and given.lstrip().startswith("["):
        try:
            given = json.loads(given)
        except (ValueError, RecursionError):
            given = "no list"
    if not given:
        return []
    if not isinstance(given, list):
        raise Unusable("bad-message", "history is not a list")
    pairs = []
    for pair in given:
        if not (
            isinstance(pair, list) and len(pair) == 2 and all(isinstance(t, str) for t in pair)
        ):
            raise Unusable("bad-message", "history is not a list of [question, answer]")
        pairs.append((pair[0], pair[1]))
    return pairs
