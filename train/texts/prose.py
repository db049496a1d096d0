"""Texts in which the chat template has no part: a completion of a prompt, and passages to read on."""

from __future__ import annotations

from qtune.core.data.unusable import Unusable
from qtune.core.data.values import Completion, Passage
from qtune.train.texts.example import Span, Written
from qtune.train.texts.template import Template


def completion(template: Template, value: Completion) -> Written:
    """The prompt is read, the completion and an end are learnt. Raises Unusable."""
    if not value.completion.strip():
        raise Unusable("empty-answer")
    text = value.prompt + value.completion
    return Written(
        text,
        (Span(len(value.prompt), len(text)),),
        opens=True,
        closes=not _ended(template, text),
        notes=_notes(template, text),
    )


def passage(template: Template, text: str) -> Written:
    """All of it is learnt; what is longer than max_length comes in pieces. Raises Unusable."""
    if not text.strip():
        raise Unusable("empty-text")
    return Written(
        text,
        (Span(0, len(text)),),
        opens=True,
        closes=not _ended(template, text),
        divides=True,
        notes=_notes(template, text),
    )


def document(template: Template, value: Completion | Passage) -> Written:
    """For continued pre-training."""
    text = value.text if isinstance(value, Passage) else value.prompt + value.completion
    return passage(template, text)


def _ended(template: Template, text: str) -> bool:
    """Whoever wrote eos at the end of the text meant it."""
    eos = template.tokenizer.eos_token
    return bool(eos) and text.endswith(str(eos))


def _notes(template: Template, text: str) -> dict[str, int]:
    return {"control tokens": 1} if template.has_control(text) else {}
