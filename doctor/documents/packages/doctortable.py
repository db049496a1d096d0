"""`[tool.qtune.doctor]` of a pyproject.toml, read line by line: also in a file that is no TOML yet."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from qtune.core.text import Lang
from qtune.doctor.documents.candidates import Candidate, Cursor, fits
from qtune.doctor.finding import Span
from qtune.doctor.suppression.project import CHOICES, KEYS, TABLE

_HEADER = re.compile(r"[ \t]*\[{1,2}[ \t]*([\w.-]+)[ \t]*\]{1,2}[ \t]*(?:#.*)?\Z")
_KEY = re.compile(r"[ \t]*([\w-]+)[ \t]*=")
_CODE = re.compile(r"[\"']([A-Za-z]{3,4}\d{3})[\"']")
_NEW_KEY = re.compile(r"[ \t]*([\w-]*)\Z")
_QUOTED = re.compile(r"[\"']([\w-]*)\Z")


def codes(lines: Sequence[str]) -> Iterator[tuple[str, int, int]]:
    """Each with its line and column, 1-based."""
    for number, line, _ in _rows(lines):
        for code in _CODE.finditer(line.partition("#")[0]):
            yield code[1].upper(), number, code.start(1) + 1


def candidates(lines: Sequence[str], cursor: Cursor, lang: Lang) -> Iterator[Candidate]:
    row = next((row for row in _rows(lines) if row[0] == cursor.line), None)
    if row is None:
        return
    key, typed = row[2], _QUOTED.search(cursor.before)
    new = _NEW_KEY.match(cursor.before)
    if typed is not None and key in CHOICES:
        for word in CHOICES[key]:
            yield Candidate(word, "value", word, _span(cursor, typed[1]))
    elif typed is not None and key in ("ignore", "skip"):
        from qtune.doctor.rules import RULES

        for rule in RULES:
            if rule.reported and fits(rule.code, typed[1]):
                title = rule.title.to(lang)
                yield Candidate(rule.code, "code", rule.code, _span(cursor, typed[1]), title)
    elif new is not None:
        given = {found[1] for _, line, _ in _rows(lines) if (found := _KEY.match(line))}
        for name in KEYS:
            if name not in given and fits(name, new[1]):
                yield Candidate(name, "key", f"{name} = ", _span(cursor, new[1]))


def _span(cursor: Cursor, typed: str) -> Span:
    rest = re.match(r"[\w-]*", cursor.behind)
    return cursor.span(len(typed), len(rest[0]) if rest else 0)


def _rows(lines: Sequence[str]) -> Iterator[tuple[int, str, str]]:
    """Number, text and key of each line of the table; a list may go on over several lines."""
    inside, key = False, ""
    for number, line in enumerate(lines, 1):
        header = _HEADER.match(line)
        if header is not None:
            inside, key = header[1] == TABLE, ""
        elif inside:
            named = _KEY.match(line)
            key = named[1] if named is not None else key
            yield number, line, key
