"""A prompt and its completion: as plain text, in which a chat template has no part, or as messages."""

from __future__ import annotations

from collections.abc import Mapping

from qtune.core.data.messages import messages, refuse_media, whole
from qtune.core.data.unusable import Unusable
from qtune.core.data.values import Completion, Conversation


def completion(row: Mapping[str, object]) -> Completion | Conversation:
    """Raises Unusable."""
    prompt, answer = row.get("prompt"), row.get("completion")
    if answer is None:
        raise Unusable("no-answer", "completion is missing")
    if isinstance(answer, str) and not answer.lstrip().startswith("[{"):
        if not isinstance(prompt, str | None):
            raise Unusable("bad-message", "completion is text, and prompt is not")
        if not answer.strip():
            raise Unusable("empty-answer")
        refuse_media(row)
        return Completion(prompt or "", answer)
    if isinstance(prompt, str) and not prompt.lstrip().startswith("[{"):
        raise Unusable("bad-message", "prompt is text, and completion is not")
    return whole((*messages(prompt), *messages(answer)), row)
