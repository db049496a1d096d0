"""How a question reaches the model, and how it says that it is done: its own chat template decides both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from qtune.core.text import plain
from qtune.train.causes import failure
from qtune.train.texts import prompting
from qtune.train.texts.template import control_tokens

Said = Mapping[str, object]  # a message as chat templates take it


def prompt_of(
    tokenizer: Any,
    messages: Sequence[Said],
    enable_thinking: bool | None,
    tools: Sequence[Mapping[str, object]] = (),
) -> str:
    """The text after which the answer begins, with thinking as in training.

    Raises TrainError TRN006 for a tokenizer without a template, or whose template refuses.
    """
    if not tokenizer.chat_template:
        raise failure("TRN006")
    try:
        return prompting.text(tokenizer, messages, enable_thinking, tools)
    except Exception as error:  # a template raises whatever its author wrote
        raise failure("TRN006", plain(str(error)[:200])) from error


def stop_ids(tokenizer: Any, given: object) -> list[int]:
    """Every token that ends an answer: `given` (an eos_token_id as configurations have it, one or a list),
    the tokenizer's, and the one with which the template ends a turn (the others may never be written by a
    tuned model)."""
    listed = given if isinstance(given, list | tuple) else [given]
    found = [token for token in listed if isinstance(token, int)]
    if tokenizer.eos_token_id is not None:
        found.append(int(tokenizer.eos_token_id))
    if tokenizer.chat_template:
        found += _end_of_turn(tokenizer)
    return list(dict.fromkeys(found))


def _end_of_turn(tokenizer: Any) -> list[int]:
    """The special token that the template puts behind an answer."""
    mark = "qtune"
    question, answer = {"role": "user", "content": "?"}, {"role": "assistant", "content": mark}
    try:
        text = str(tokenizer.apply_chat_template([question, answer], tokenize=False))
    except Exception:  # a template raises whatever its author wrote
        return []
    behind = text.rpartition(mark)[2].lstrip()
    special = sorted(control_tokens(tokenizer), key=len, reverse=True)
    token = next((token for token in special if behind.startswith(token)), None)
    return [] if token is None else [int(tokenizer.convert_tokens_to_ids(token))]
