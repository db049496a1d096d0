"""Two answers to the same prompt, one better: as TRL, LLaMA-Factory and ms-swift write them."""

from __future__ import annotations

import re
from collections.abc import Mapping

from qtune.core.data import alpaca, sharegpt
from qtune.core.data.messages import messages, refuse_media, text
from qtune.core.data.tools import tools
from qtune.core.data.unusable import Unusable
from qtune.core.data.values import Message, Messages, Preference

# Anthropic's hh-rlhf and its like keep a whole conversation in one text.
_SPOKEN = re.compile(r"(?:^|\n\n)(Human|Assistant):")


def is_preference(row: Mapping[str, object]) -> bool:
    given = {key for key, value in row.items() if value is not None}
    return (
        {"chosen", "rejected"} <= given or "rejected_response" in given or _apart(row) is not None
    )


def preference(row: Mapping[str, object]) -> Preference:
    """Raises Unusable."""
    refuse_media(row)
    prompt, chosen, rejected = _pair(row)
    if not prompt:
        raise Unusable("bad-pair", "no prompt: the two begin with nothing in common")
    for name, answer in (("chosen", chosen), ("rejected", rejected)):
        if not answer:
            raise Unusable("bad-pair", f"{name} ends where the other goes on")
        if answer[-1].role != "assistant":
            raise Unusable("bad-pair", f"{name} does not end with an answer")
        if not (answer[-1].content.strip() or answer[-1].tool_calls):
            raise Unusable("empty-answer", name)
    if chosen == rejected:
        raise Unusable("same-answers")
    return Preference(prompt, chosen, rejected, tools(row))


Pair = tuple[Messages, Messages, Messages]


def _pair(row: Mapping[str, object]) -> Pair:
    better, worse = _named(row, "chosen"), _named(row, "rejected")
    if better is None or worse is None:
        return _of_swift(row)
    chosen, rejected = _answer(better, "chosen"), _answer(worse, "rejected")
    given = _prompt(row)
    if isinstance(chosen, str) and isinstance(rejected, str):
        if given is not None:
            return given, (Message("assistant", chosen),), (Message("assistant", rejected),)
        chosen, rejected = _spoken(chosen), _spoken(rejected)
    if isinstance(chosen, str) or isinstance(rejected, str):
        raise Unusable("bad-pair", "one is text and the other is messages")
    if given is not None and all(side[0].role == "assistant" for side in (chosen, rejected)):
        return given, chosen, rejected
    return _divided(chosen, rejected, given)


def _named(row: Mapping[str, object], name: str) -> object:
    """Some call it chosen_response; of rejected_response alone, ms-swift's way, there is no such twin."""
    found = row.get(name)
    return found if found is not None else row.get(f"{name}_response")


def _of_swift(row: Mapping[str, object]) -> Pair:
    """The chosen answer ends the row's own messages; the rejected one stands apart."""
    whole = _own(row)
    apart = _apart(row)
    if apart is not None:
        return _divided(whole, sharegpt.turns(apart), None)
    prompt = _before_the_answer(whole)
    rejected = _answer(row.get("rejected_response"), "rejected_response")
    if isinstance(rejected, str):
        rejected = (Message("assistant", rejected),)
    return prompt, whole[len(prompt) :], rejected


def _own(row: Mapping[str, object]) -> Messages:
    if row.get("messages") is not None:
        return messages(row["messages"], system=text(row, "system"))
    if any(row.get(key) is not None for key in sharegpt.KEYS):
        return sharegpt.conversation(row).messages
    if alpaca.question_key(row) and alpaca.answer_key(row):
        return alpaca.conversation(row).messages
    raise Unusable("bad-pair", "the answer that is better is missing")


def _apart(row: Mapping[str, object]) -> object | None:
    return row.get("rejected_messages")


def _prompt(row: Mapping[str, object]) -> Messages | None:
    """What the row itself gives as the prompt, if anything."""
    for key in ("prompt", "messages"):
        given = row.get(key)
        if isinstance(given, list) or (isinstance(given, str) and given.startswith("[{")):
            return sharegpt.turns(given, system=text(row, "system"))
    if any(row.get(key) is not None for key in sharegpt.KEYS):
        key = next(key for key in sharegpt.KEYS if row.get(key) is not None)
        return sharegpt.turns(row[key], system=text(row, "system"))
    return alpaca.question(row) if alpaca.question_key(row) else None


def _answer(value: object, name: str) -> str | Messages:
    if isinstance(value, str):
        return sharegpt.turns(value) if value.startswith("[{") else value
    if isinstance(value, list | Mapping) and value:
        return sharegpt.turns(value)
    raise Unusable("bad-pair", f"{name} is neither text nor messages")


def _divided(chosen: Messages, rejected: Messages, given: Messages | None) -> Pair:
    """The prompt is what both begin with, up to the last answer of the shorter one at most."""
    same = 0
    for left, right in zip(chosen, rejected, strict=False):
        if left != right:
            break
        same += 1
    while same and chosen[:same][-1].role == "assistant":
        same -= 1  # an answer that both begin with belongs to what is compared
    prompt = chosen[:same]
    if given and prompt and prompt[0].role != "system" and given[0].role == "system":
        prompt = (given[0], *prompt)
    return prompt, chosen[same:], rejected[same:]


def _before_the_answer(whole: Messages) -> Messages:
    """Up to the last message of a user's or a tool's."""
    last = max((i for i, m in enumerate(whole) if m.role in ("user", "tool")), default=-1)
    return whole[: last + 1]


def _spoken(said: str) -> Messages:
    marks = list(_SPOKEN.finditer(said))
    if not marks or said[: marks[0].start()].strip():
        raise Unusable("bad-pair", "no prompt: chosen and rejected are text")
    ends = [*(mark.start() for mark in marks[1:]), len(said)]
    return tuple(
        Message("user" if mark[1] == "Human" else "assistant", said[mark.end() : end].strip())
        for mark, end in zip(marks, ends, strict=True)
    )
