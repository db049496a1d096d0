"""From a row's value to what is trained on, whatever kind of row it is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from qtune.core.data.unusable import Unusable
from qtune.core.data.values import Completion, Conversation, Passage, Value
from qtune.train.texts import conversations, prose
from qtune.train.texts.example import Example, Tokenizer, Written
from qtune.train.texts.template import Mode, Template
from qtune.train.texts.tokens import Encoder

# Rows that go through the tokenizer at once: enough for its threads, little enough to report progress.
BATCH = 512


@dataclass(frozen=True)
class Recipe:
    """`documents`: rows are learnt from end to end (continued pre-training)."""

    max_length: int
    enable_thinking: Mode = None
    documents: bool = False


@dataclass(frozen=True)
class Made:
    """Of one row: its texts, and of each text its examples."""

    written: Sequence[Written]
    examples: Sequence[Sequence[Example]]


class Writer:
    """Values to texts. Raises Unusable for those that the template refuses."""

    def __init__(self, tokenizer: Tokenizer, recipe: Recipe) -> None:
        self.recipe = recipe
        self.template = Template(tokenizer, recipe.enable_thinking)

    def __call__(self, value: Value) -> list[Written]:
        documents = self.recipe.documents
        match value:
            case Conversation():
                if documents:
                    return [conversations.whole(self.template, value)]
                return conversations.answers(self.template, value)
            case Passage():
                return [prose.document(self.template, value)]
            case Completion():
                make = prose.document if documents else prose.completion
                return [make(self.template, value)]
        raise Unusable("unknown-format", "not a row to learn from answers")


def make(
    tokenizer: Tokenizer, recipe: Recipe, values: Iterable[Value]
) -> Iterator[Made | Unusable]:
    """In the order of the values; one that cannot be used is its reason."""
    writer, encoder = Writer(tokenizer, recipe), Encoder(tokenizer, recipe.max_length)
    values = iter(values)
    while batch := list(islice(values, BATCH)):
        yield from encoded(encoder, [_written(writer, value) for value in batch])


def encoded(
    encoder: Encoder, batch: Sequence[list[Written] | Unusable]
) -> Iterator[Made | Unusable]:
    parts = iter(encoder.examples([text for row in batch if isinstance(row, list) for text in row]))
    for row in batch:
        if isinstance(row, Unusable):
            yield row
        else:
            yield Made(row, [next(parts) for _ in row])


def _written(writer: Writer, value: Value) -> list[Written] | Unusable:
    try:
        return writer(value)
    except Unusable as reason:
        return reason


def examples(
    tokenizer: Tokenizer, value: Value, *, max_length: int, enable_thinking: Mode = None
) -> list[Example]:
    """Of one row. Raises Unusable."""
    (made,) = make(tokenizer, Recipe(max_length, enable_thinking), [value])
    if isinstance(made, Unusable):
        raise made
    return [example for group in made.examples for example in group]
