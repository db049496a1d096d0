"""Slips of the hand: how far apart two words are, and which known word was meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

_LONGEST = 60
_SHORTEST = 4  # a shorter word has too many neighbours for any to be certain


class Meant(NamedTuple):
    """`certain`: one slip away, or only spelled in another case, and no other known word is."""

    word: str
    certain: bool


def meant(written: str, known: Iterable[str]) -> Meant | None:
    """The known word that `written` is most likely a slip of; None where none is near."""
    return _meant(written[:_LONGEST], tuple(known))


@lru_cache(4096)  # an editor asks again at every keystroke
def _meant(written: str, words: tuple[str, ...]) -> Meant | None:
    alike = [word for word in words if _plain(word) == _plain(written)]
    slips = alike or [
        word
        for word in words
        if len(word) >= _SHORTEST and abs(len(word) - len(written)) <= 1
        if distance(_plain(written), _plain(word)) == 1
    ]
    if len(slips) == 1:
        return Meant(slips[0], certain=True)
    close = difflib.get_close_matches(written, words, 1)
    return Meant(close[0], certain=False) if close else None


def _plain(word: str) -> str:
    return word.lower().replace("-", "_")


def distance(left: str, right: str) -> int:
    """Damerau's: insertions, deletions, substitutions and swaps of neighbours, each counted once."""
    if abs(len(left) - len(right)) > 2:
        return 3  # more than anybody asks for
    rows = [list(range(len(right) + 1))]
    for i, a in enumerate(left, 1):
        row = [i]
        for j, b in enumerate(right, 1):
            cost = min(rows[i - 1][j] + 1, row[j - 1] + 1, rows[i - 1][j - 1] + (a != b))
            if i > 1 and j > 1 and a == right[j - 2] and left[i - 2] == b:
                cost = min(cost, rows[i - 2][j - 2] + 1)
            row.append(cost)
        rows.append(row)
    return rows[-1][-1]
