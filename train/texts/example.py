"""The two stations of a row: a text of which stretches are learnt, and the same as tokens."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

IGNORED = -100  # the label torch's cross entropy skips


class Tokenizer(Protocol):
    """The part of a transformers tokenizer that is used here."""

    is_fast: bool
    chat_template: object
    eos_token: str | None
    eos_token_id: int | None
    bos_token_id: int | None
    all_special_tokens: list[str]

    def __call__(self, text: str, **options: object) -> dict[str, list[int]]: ...

    def decode(self, ids: list[int], **options: object) -> str: ...

    def apply_chat_template(self, conversation: object, **options: object) -> object: ...


@dataclass(frozen=True)
class Span:
    """Where an answer stands in a text, its end token included; `ends` is whether it has one."""

    start: int
    end: int
    ends: bool = True


@dataclass(frozen=True)
class Written:
    """A text as the model will see it. The spans are learnt, in order; the rest is only read.

    `opens` asks for the beginning-of-text token, where the tokenizer has the habit of one, and `closes`
    for the end-of-text token, which is then learnt. What is longer than max_length is cut, or where
    `divides` comes in several examples. `modes` are, for each span, the values of enable_thinking with which
    the template asks for that answer as it is written here (None: without saying anything); empty where no
    template had a part in it.
    """

    text: str
    spans: tuple[Span, ...]
    opens: bool = False
    closes: bool = False
    divides: bool = False
    modes: tuple[frozenset[bool | None], ...] = ()
    notes: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Example:
    """`cut` is the number of tokens beyond max_length that were dropped from the end."""

    input_ids: list[int]
    labels: list[int]
    cut: int

    @property
    def learns(self) -> bool:
        return any(label != IGNORED for label in self.labels)
