"""What must be changed in a text to make it another: the fewest characters, line by line.

Lines end as in an editor, with \\n, \\r\\n or \\r.
"""

from __future__ import annotations

import difflib
import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

from qtune.doctor.finding import Edit, Span

_MANY = 2_000  # lines that are compared one by one; more are replaced together
_NEWLINE = re.compile(r"\r\n|\n|\r")


def difference(before: str, after: str, path: Path) -> tuple[Edit, ...]:
    """`edited(before, …)` is `after`."""
    if before == after:
        return ()
    starts = starts_of(before)
    return tuple(
        Edit(_span(begin, end, starts, path), text) for begin, end, text in _changes(before, after)
    )


def starts_of(text: str) -> list[int]:
    """Where each line begins."""
    return [0, *(match.end() for match in _NEWLINE.finditer(text))]


def _span(begin: int, end: int, starts: Sequence[int], path: Path) -> Span:
    def at(offset: int) -> tuple[int, int]:
        line = bisect_right(starts, offset)
        return line, offset - starts[line - 1] + 1

    return Span(str(path), *at(begin), *at(end))


def _changes(before: str, after: str) -> Iterator[tuple[int, int, str]]:
    old, new = _lines(before), _lines(after)
    head = _common(old, new)
    tail = _common(old[head:][::-1], new[head:][::-1])
    middle_old, middle_new = old[head : len(old) - tail], new[head : len(new) - tail]
    base = sum(map(len, old[:head]))
    if max(len(middle_old), len(middle_new)) > _MANY:
        yield from _narrowed(base, middle_old, middle_new)
        return
    offsets = [base]
    for line in middle_old:
        offsets.append(offsets[-1] + len(line))
    matcher = difflib.SequenceMatcher(None, middle_old, middle_new, autojunk=False)
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        if tag != "equal":
            yield from _narrowed(offsets[i1], middle_old[i1:i2], middle_new[j1:j2])


def _narrowed(base: int, old: Sequence[str], new: Sequence[str]) -> Iterator[tuple[int, int, str]]:
    """Where lines stand against lines, the characters that differ; their newlines are left alone."""
    if len(old) != len(new):
        yield base, base + sum(map(len, old)), "".join(new)
        return
    for one, other in zip(old, new, strict=True):
        body, changed = _NEWLINE.split(one, maxsplit=1)[0], other
        if one[len(body) :] == other[len(_NEWLINE.split(other, maxsplit=1)[0]) :]:
            changed = other[: len(other) - (len(one) - len(body))]
        else:
            body = one
        if body != changed:
            head = _common(body, changed)
            tail = _common(body[head:][::-1], changed[head:][::-1])
            yield base + head, base + len(body) - tail, changed[head : len(changed) - tail]
        base += len(one)


def _common(one: Sequence[str], other: Sequence[str]) -> int:
    """How many of both are equal from the beginning on."""
    length = 0
    for a, b in zip(one, other, strict=False):
        if a != b:
            break
        length += 1
    return length


def _lines(text: str) -> list[str]:
    """With their ends."""
    starts = [*starts_of(text), len(text)]
    return [text[a:b] for a, b in pairwise(starts) if b > a]
