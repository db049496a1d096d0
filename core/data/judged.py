"""One answer and whether it is good: as TRL (label), LLaMA-Factory (kto_tag) and ms-swift write it."""

from __future__ import annotations

from collections.abc import Mapping

from qtune.core.data import alpaca, sharegpt
from qtune.core.data.messages import messages, refuse_media, require_answers, text
from qtune.core.data.tools import tools
from qtune.core.data.unusable import Unusable
from qtune.core.data.values import Judged, Message, Messages

_WORDS = {"true": True, "false": False, "1": True, "0": False}


def is_judged(row: Mapping[str, object]) -> bool:
    """A label that is no truth value may mean anything, and makes nothing of a conversation."""
    if row.get("kto_tag") is not None:
        return True
    label = row.get("label")
    return isinstance(label, bool) or (label is not None and row.get("completion") is not None)


def judged(row: Mapping[str, object]) -> Judged:
    """Raises Unusable."""
    refuse_media(row)
    label = _label(row.get("kto_tag") if row.get("kto_tag") is not None else row.get("label"))
    prompt, completion = _parts(row)
    if not prompt:
        raise Unusable("empty-question")
    if not completion:
        raise Unusable("no-answer")
    require_answers(completion)
    return Judged(prompt, completion, label, tools(row))


def _label(given: object) -> bool:
    if isinstance(given, bool):
        return given
    if isinstance(given, int | float) and given in (0, 1):
        return bool(given)
    if isinstance(given, str) and given.strip().lower() in _WORDS:
        return _WORDS[given.strip().lower()]
    raise Unusable("bad-label", f"{given!r}"[:40])


def _parts(row: Mapping[str, object]) -> tuple[Messages, Messages]:
    if row.get("completion") is not None:
        prompt = _said(row.get("prompt"), "user", "prompt")
        return prompt, _said(row["completion"], "assistant", "completion")
    whole = _whole(row)
    last = max((i for i, m in enumerate(whole) if m.role in ("user", "tool")), default=-1)
    return whole[: last + 1], whole[last + 1 :]


def _whole(row: Mapping[str, object]) -> Messages:
    if row.get("messages") is not None:
        return messages(row["messages"], system=text(row, "system"))
    if any(row.get(key) is not None for key in sharegpt.KEYS):
        return sharegpt.conversation(row).messages
    return alpaca.conversation(row).messages


def _said(given: object, role: str, name: str) -> Messages:
    if isinstance(given, str) and not given.startswith("[{"):
        return (Message(role, given),) if given.strip() else ()
    if isinstance(given, list | str):
        return messages(given)
    raise Unusable("bad-message", f"{name} is neither text nor messages")
