"""An example as the model sees it, in stretches of what is learnt and what is only read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby

from qtune.train.texts.example import IGNORED, Example, Tokenizer

Shown = tuple[str, bool]


def spans(tokenizer: Tokenizer, example: Example | Mapping[str, Sequence[int]]) -> list[Shown]:
    """Text and whether it carries loss, control tokens written out; end to end it is the whole example.

    A stretch that ends within a character is shown with the character's other half: a byte-level token
    may hold half of one.
    """
    if isinstance(example, Example):
        ids, labels = example.input_ids, example.labels
    else:
        ids, labels = list(example["input_ids"]), list(example["labels"])
    made: list[Shown] = []
    text = ""
    for learnt, group in groupby(range(len(ids)), key=lambda at: labels[at] != IGNORED):
        upto = max(group) + 1
        whole = tokenizer.decode(ids[:upto], clean_up_tokenization_spaces=False)
        while whole.endswith("\ufffd") and upto < len(ids):
            upto += 1
            whole = tokenizer.decode(ids[:upto], clean_up_tokenization_spaces=False)
        if len(whole) > len(text):
            made.append((whole[len(text) :], learnt))
            text = whole
    return made
