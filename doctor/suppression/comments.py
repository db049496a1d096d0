"""`# qtune: ignore[CODE, CODE] reason` in `.env`, YAML and Python: which lines it speaks of, and what is wrong with it.

At the end of a line it speaks of that line, on a line of its own of the next one that holds something;
`ignore-file` speaks of the whole file, and of what has no place.
"""

from __future__ import annotations

import bisect
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from qtune.core.envfile import EnvDocument
from qtune.core.secret import redact
from qtune.doctor.facts import Suppression

if TYPE_CHECKING:
    import yaml

    from qtune.doctor.documents.source.events import Piece

_COMMENT = re.compile(
    r"(?:^|(?<=\s))#[ \t]*qtune:[ \t]*ignore(?P<file>-file)?\b[ \t]*(?:\[(?P<codes>[^\]\r\n]*)\])?(?P<reason>[^\r\n]*)"
)
_INSIDE = re.compile(r"#[ \t]*qtune:[ \t]*ignore(?:-file)?\[")
LONGEST_REASON = 200


def in_env(document: EnvDocument) -> tuple[Suppression, ...]:
    if "qtune:" not in document.text:
        return ()
    lines = _lines(document.text)
    values: dict[int, int] = {}  # the line where an entry ends -> the column behind its value
    inside: set[int] = set()  # lines that a quoted value runs through
    first: dict[int, int] = {}  # any line of an entry -> its first
    for entry in document.entries:
        values[entry.end_line] = entry.end_column
        inside.update(range(entry.line, entry.end_line))
        first |= dict.fromkeys(range(entry.line, entry.end_line + 1), entry.line)
    ends = {entry.line: entry.end_line for entry in document.entries}
    found = []
    for number, text in enumerate(lines, 1):
        if number in inside:
            continue
        match = _COMMENT.search(text, max(0, values.get(number, 1) - 1))
        if match is not None:
            own = not text[: match.start()].strip()
            target = _next(lines, number) if own else number
            begin = first.get(target, target)
            found.append(_made(match, document.path, number, begin, ends.get(begin, begin)))
    for entry in document.entries:
        if _INSIDE.search(entry.raw):
            found.append(_in_value(document.path, entry.line, entry.value_column, entry.end_column))
    return tuple(sorted(found, key=lambda s: (s.line, s.column)))


def in_yaml(text: str, path: Path) -> tuple[Suppression, ...]:
    """Of a text that is not YAML, those before the place where it ceases to be."""
    if "qtune:" not in text:
        return ()
    import yaml  # which most examinations do without

    from qtune.core.yamltree import tokens

    lines = _lines(text)
    starts = [0]
    starts += (end.end() for end in re.finditer(r"\r\n|\n|\r", text))
    scalars = []
    readable = len(text)
    try:
        for token in tokens(text, path):
            if isinstance(token, yaml.ScalarToken):
                scalars.append(_body(token, text))
    except yaml.YAMLError as error:
        marks = (getattr(error, "context_mark", None), getattr(error, "problem_mark", None))
        readable = min((mark.index for mark in marks if mark is not None), default=0)
    begins = [begin for begin, _ in scalars]
    found = []
    for number, line in enumerate(lines, 1):
        match = _COMMENT.search(line)
        if match is None:
            continue
        index = starts[number - 1] + match.start()
        place = bisect.bisect_right(begins, index) - 1
        if index > readable or (place >= 0 and index < scalars[place][1]):
            continue
        target = number if line[: match.start()].strip() else _next(lines, number)
        found.append(_made(match, path, number, target, target))
    return tuple(found)


def in_python(cells: Sequence[tuple[Piece, int]], path: Path) -> tuple[Suppression, ...]:
    """Each cell (a file is one) with the line before its first. A comment at or in a statement of several
    lines speaks of them all."""
    found = []
    for piece, before in cells:
        lines = list(piece.lines) if piece.comments else []
        for comment in piece.comments:
            match = _COMMENT.search(comment.text)
            if match is None or match.start() > 0:
                continue
            text = piece.lines[comment.line - 1]
            match = _COMMENT.search(text, comment.column - 1)
            if match is None:
                continue
            own = not text[: match.start()].strip()
            inside = any(first < comment.line <= last for first, last in piece.statements)
            target = comment.line
            if own and not inside:
                target = _next(lines, comment.line)
            first, last = next(
                ((a, b) for a, b in piece.statements if a <= target <= b), (target, target)
            )
            made = _made(match, path, comment.line + before, first + before, last + before)
            found.append(made if target else replace(made, first=0, last=0))
    return tuple(found)


def _body(token: yaml.ScalarToken, text: str) -> tuple[int, int]:
    """Where a scalar's own text lies; a comment behind the `|` of a block is none of it."""
    begin, end = token.start_mark.index, token.end_mark.index
    if token.style in ("|", ">"):
        head = re.compile(r"[\r\n]").search(text, begin)
        begin = min(end, head.start() if head else end)
    return begin, end


def _lines(text: str) -> list[str]:
    """As the readers of both formats count them, which know fewer line ends than str.splitlines."""
    return re.split(r"\r\n|\n|\r", text)


def _next(lines: list[str], number: int) -> int:
    """The next line that holds more than a comment; 0 where there is none."""
    for later in range(number, len(lines)):
        text = lines[later].strip()
        if text and not text.startswith("#"):
            return later + 1
    return 0


def _made(match: re.Match[str], path: Path, line: int, first: int, last: int) -> Suppression:
    before = match.string[: match.start()]
    codes = tuple(_codes(match["codes"] or ""))
    return Suppression(
        scope="file" if match["file"] else "line",
        codes=codes,
        reason=redact(match["reason"].strip()[:LONGEST_REASON]),
        path=str(path),
        line=line,
        column=match.start() + 1,
        end_column=match.start() + len(match[0].rstrip()) + 1,
        first=first,
        last=last,
        gap=len(before) - len(before.rstrip()),
        flaw="" if codes else "no_codes",
    )


def _codes(text: str) -> Iterator[str]:
    for part in text.split(","):
        if part.strip():
            yield redact(part.strip()[:40])


def _in_value(path: Path, line: int, column: int, end_column: int) -> Suppression:
    return Suppression(
        "line", (), "", str(path), line, column, end_column, line, line, flaw="in_value"
    )
