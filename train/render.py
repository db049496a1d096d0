"""A conversation as the model will see it: its own chat template, and a loss on the answers alone.

The text is what the template makes of the conversation, never put together by us. A template may
render an answer differently once another turn follows it (Qwen3 drops the thinking of earlier
turns). Then one text cannot show every answer as the model will have to write it, and the
conversation becomes one example per answer. What the template itself puts before an answer (an
empty think block) is part of the prompt and not learnt; the end of the turn is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from qtune.core.data.conversation import Unusable
from qtune.core.data.values import Message

IGNORED = -100  # the label torch's cross entropy skips


class Tokenizer(Protocol):
    """The part of a transformers tokenizer that is used here."""

    is_fast: bool
    eos_token: str | None
    eos_token_id: int | None
    all_special_tokens: list[str]

    def __call__(self, text: str, **options: object) -> dict[str, list[int]]: ...

    def apply_chat_template(self, conversation: object, **options: object) -> object: ...


@dataclass(frozen=True)
class Example:
    """`cut` is the number of tokens beyond max_length that were dropped from the end."""

    input_ids: list[int]
    labels: list[int]
    cut: int

    @property
    def learns(self) -> bool:
        return any(label != IGNORED for label in self.labels)


@dataclass(frozen=True)
class Span:
    """Where an answer stands in a text, its end token included; `ends` is whether it has one."""

    start: int
    end: int
    ends: bool


def examples(
    tokenizer: Tokenizer,
    messages: Sequence[Message],
    *,
    max_length: int,
    enable_thinking: bool | None,
) -> list[Example]:
    """Raises Unusable when the template refuses the conversation."""
    for message in messages:
        for token in tokenizer.all_special_tokens:
            if token in message.content or token in message.reasoning:
                raise Unusable("control-token", token)
    template = _Template(tokenizer, enable_thinking)
    return [
        _example(tokenizer, text, spans, max_length) for text, spans in _texts(template, messages)
    ]


def _texts(template: _Template, messages: Sequence[Message]) -> list[tuple[str, list[Span]]]:
    answers = [i for i, message in enumerate(messages) if message.role == "assistant"]
    whole = template.render(messages[: answers[-1] + 1])
    spans = [template.span(messages, index, whole) for index in answers]
    found = [span for span in spans if span is not None]
    if len(found) == len(answers) and (len(found) == 1 or all(span.ends for span in found)):
        return [(whole, found)]
    texts = []
    for index in answers:
        text = template.render(messages[: index + 1])
        span = template.span(messages, index, text)
        if span is None:
            raise Unusable("template", f"the prompt of answer {index + 1} is not its beginning")
        texts.append((text, [span]))
    return texts


class _Template:
    def __init__(self, tokenizer: Tokenizer, enable_thinking: bool | None) -> None:
        self.tokenizer = tokenizer
        self.enable_thinking = enable_thinking

    def render(
        self, messages: Sequence[Message], *, prompt: bool = False, thinking: bool | None = None
    ) -> str:
        options: dict[str, object] = {"tokenize": False, "add_generation_prompt": prompt}
        if thinking is None:
            thinking = self.enable_thinking
        if thinking is not None:
            options["enable_thinking"] = thinking
        try:
            text = self.tokenizer.apply_chat_template(
                [message.as_dict() for message in messages], **options
            )
        except Exception as error:  # a template raises whatever its author wrote
            raise Unusable("template", str(error)[:120]) from error
        return str(text)

    def span(self, messages: Sequence[Message], index: int, text: str) -> Span | None:
        """Where the answer `index` stands in `text`; None when `text` shows it differently."""
        until = self.render(messages[: index + 1])
        if not text.startswith(until):
            return None
        prompts = [self.render(messages[:index], prompt=True)]
        if self.enable_thinking is None:
            # Without a thought in the row the template writes an empty one, which is what it also
            # writes as the prompt when thinking is off. The longer prompt is the true one.
            prompts.append(self.render(messages[:index], prompt=True, thinking=False))
        fitting = [prompt for prompt in prompts if until.startswith(prompt)]
        if not fitting:
            return None
        start = len(max(fitting, key=len))
        end = self._end_of_turn(until, start)
        return Span(start, end or len(until), end is not None)

    def _end_of_turn(self, text: str, start: int) -> int | None:
        """Behind the token that ends the turn: eos, or the last control token (Gemma, Llama 3)."""
        eos = self.tokenizer.eos_token
        if eos and eos in text[start:]:
            return text.rindex(eos) + len(eos)
        stripped = text.rstrip()
        if any(stripped.endswith(token) for token in self.tokenizer.all_special_tokens):
            return len(stripped)
        return None


def _example(tokenizer: Tokenizer, text: str, spans: list[Span], max_length: int) -> Example:
    ids, learnt = _tokenize(tokenizer, text, spans)
    if not spans[-1].ends and tokenizer.eos_token_id is not None:
        # The template writes no end; without one the model would never learn to stop.
        ids, learnt = [*ids, tokenizer.eos_token_id], [*learnt, True]
    labels = [token if use else IGNORED for token, use in zip(ids, learnt, strict=True)]
    return Example(ids[:max_length], labels[:max_length], max(len(ids) - max_length, 0))


def _tokenize(tokenizer: Tokenizer, text: str, spans: list[Span]) -> tuple[list[int], list[bool]]:
    """The tokens of the text, and which of them belong to an answer."""
    whole = tokenizer(text, add_special_tokens=False)["input_ids"]
    ids: list[int] = []
    learnt: list[bool] = []
    for piece, use in _pieces(text, spans):
        part = tokenizer(piece, add_special_tokens=False)["input_ids"]
        ids += part
        learnt += [use] * len(part)
    if ids == whole or not tokenizer.is_fast:
        return ids, learnt
    # Tokenized in pieces it comes out differently. Where no token reaches over an edge the whole
    # is right (SentencePiece puts a space before each piece); else the pieces are: that is how a
    # prompt and its answer meet when the model writes.
    offsets = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
    places: list[tuple[int, int]] = offsets["offset_mapping"]  # type: ignore[assignment]
    edges = {edge for span in spans for edge in (span.start, span.end)}
    if any(start < edge < end for start, end in places for edge in edges):
        return ids, learnt
    inside = [any(s.start <= start and end <= s.end for s in spans) for start, end in places]
    return whole, inside


def _pieces(text: str, spans: list[Span]) -> list[tuple[str, bool]]:
    pieces, position = [], 0
    for span in spans:
        pieces += [(text[position : span.start], False), (text[span.start : span.end], True)]
        position = span.end
    pieces.append((text[position:], False))
    return [(piece, use) for piece, use in pieces if piece]
