"""How near an answer comes to the one that was expected: exact match, and ROUGE-L."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

# Chinese, Japanese and Korean are counted by characters: there are no spaces between their words.
_WORDS = re.compile(
    r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff]"
    r"|[^\W_\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff]+"
)


def exact(prediction: str, reference: str) -> bool:
    """The same text, but for spaces and for full-width forms of the same characters."""
    return _plain(prediction) == _plain(reference)


def _plain(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).split())


def rouge_l(prediction: str, reference: str) -> float:
    """F1 over the longest common subsequence of words (of characters, in Chinese); 0 to 1.

    Two texts without a word are alike if they are the same.
    """
    ours, theirs = words(prediction), words(reference)
    if not ours or not theirs:
        return float(not ours and not theirs and exact(prediction, reference))
    common = longest_common(ours, theirs)
    return 2 * common / (len(ours) + len(theirs))


def words(text: str) -> list[str]:
    return _WORDS.findall(unicodedata.normalize("NFKC", text).casefold())


def longest_common(one: Sequence[str], other: Sequence[str]) -> int:
    """The length of the longest common subsequence, in the memory of one row.

    A row of the table as the bits of one integer (Crochemore and others, 2001): a thousand words
    against a thousand take a millisecond, not a second.
    """
    places: dict[str, int] = {}
    for index, word in enumerate(other):
        places[word] = places.get(word, 0) | 1 << index
    every = (1 << len(other)) - 1
    row = every
    for word in one:
        matched = row & places.get(word, 0)
        row = ((row + matched) | (row - matched)) & every
    return len(other) - row.bit_count()
