"""A notebook's file: the code of its cells, where each character of it stands in the JSON, and what outputs show."""

from __future__ import annotations

import bisect
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from qtune.core.secret import mask
from qtune.doctor.facts.source import CodeToken, Spot
from qtune.doctor.tokenshapes import PATTERN, hub_of, is_real

LARGEST = 48 << 20  # characters
_BLANK = re.compile(r"[ \t\r\n]*")
_STRING = re.compile(r'"([^"\\]*(?:\\.[^"\\]*)*)"', re.S)
_WORD = re.compile(r"[^\s,\]}]*")
_NEWLINE = re.compile(r"\r\n|\n|\r")
_ESCAPED = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\.|.", re.S
)
# In front of it may stand an escape of JSON, or a colour of a terminal.
_TOKEN = re.compile(
    rf"(?:(?<![A-Za-z0-9_])|(?<=\\[nrt])|(?<=\[\dm)|(?<=\[\d\dm))(?:{PATTERN})(?![A-Za-z0-9_])"
)
_PYTHON = ("python", "ipython", "sage")

Path = tuple[str | int, ...]
Kept = Literal["code", "output"]


@dataclass
class CodeCell:
    """`parts` are where its strings begin in the code, and in the file; `text` is the code."""

    language: str = ""
    text: str = ""
    parts: list[tuple[int, int, str]] = field(default_factory=list)

    def add(self, text: str, begin: int, raw: str) -> None:
        self.parts.append((len(self.text), begin, raw))
        self.text += text

    def offset(self, at: int, *, end: bool) -> int:
        """The file's character for the code's. An end stands behind what comes before it."""
        starts = [start for start, _, _ in self.parts]
        index = (bisect.bisect_left(starts, at) if end else bisect.bisect_right(starts, at)) - 1
        start, begin, raw = self.parts[max(0, index)]
        left = max(0, at - start)
        if "\\" not in raw:
            return begin + min(left, len(raw))
        place = begin
        for count, match in enumerate(_ESCAPED.finditer(raw)):
            if count == left:
                break
            place = begin + match.end()
        return place


@dataclass(frozen=True)
class Notebook:
    """`cells` are those of Python."""

    cells: tuple[CodeCell, ...]
    tokens: tuple[CodeToken, ...]  # outside of the cells' code, with the file's own lines
    lines: tuple[int, ...]  # where each line of the file begins

    def place(self, offset: int) -> tuple[int, int]:
        line = bisect.bisect_right(self.lines, offset)
        return line, offset - self.lines[line - 1] + 1


def read(text: str) -> Notebook | None:
    """None for what is no notebook, or is broken: nothing can be said of it."""
    if len(text) > LARGEST:
        return None
    try:
        document = json.loads(text.removeprefix("\ufeff"))
    except (ValueError, RecursionError):
        return None
    if not isinstance(document, dict) or not ("cells" in document or "worksheets" in document):
        return None
    kernel = _language(document)
    lines = (0, *(match.end() for match in _NEWLINE.finditer(text)))
    cells: dict[Path, CodeCell] = {}
    kinds: dict[Path, str] = {}
    tokens: list[CodeToken] = []
    elsewhere: list[tuple[Path, CodeToken]] = []  # in sources of all kinds

    def found(path: Path, raw: str, begin: int) -> None:
        cell, rest = _cell(path)
        if rest == ("cell_type",):
            kinds[cell] = raw
        elif rest == ("language",):
            cells.setdefault(cell, CodeCell()).language = raw
        elif rest[:1] in (("source",), ("input",)) and len(rest) < 3:
            cells.setdefault(cell, CodeCell()).add(_decoded(raw), begin, raw)
            elsewhere.extend((cell, token) for token in told(raw, begin, "code"))
        elif rest[:1] == ("outputs",):
            tokens.extend(told(raw, begin, "output"))

    def told(raw: str, begin: int, kept: Kept) -> list[CodeToken]:
        if not _may_hold_token(raw):
            return []
        found = _TOKEN.finditer(text, begin, begin + len(raw))
        return [_token(m[0], m.start(), lines, kept) for m in found if is_real(m[0])]

    try:
        _walk(text, found)
    except (ValueError, IndexError, RecursionError):
        return None
    python = {
        path: cell
        for path, cell in cells.items()
        if kinds.get(path) == "code" and (cell.language or kernel).lower() in _PYTHON
    }
    tokens += [token for path, token in elsewhere if path not in python]
    return Notebook(tuple(python.values()), tuple(tokens), lines)


def _may_hold_token(value: str) -> bool:
    return "hf_" in value or "ms-" in value or "api_org_" in value


def _token(text: str, offset: int, lines: tuple[int, ...], kept: Kept) -> CodeToken:
    line = bisect.bisect_right(lines, offset)
    column = offset - lines[line - 1] + 1
    spot = Spot(line, column, line, column + len(text))
    return CodeToken(hub_of(text), mask(text), spot, kept)


def _language(document: dict[str, object]) -> str:
    metadata = document.get("metadata")
    for key, name in (("kernelspec", "language"), ("language_info", "name")):
        part = metadata.get(key) if isinstance(metadata, dict) else None
        if isinstance(part, dict) and isinstance(part.get(name), str):
            return str(part[name])
    return "python"


def _cell(path: Path) -> tuple[Path, Path]:
    """The cell that a value belongs to, and its place in that cell."""
    if path[:1] == ("cells",) and len(path) > 2:
        return path[:2], path[2:]
    if path[:1] == ("worksheets",) and path[2:3] == ("cells",) and len(path) > 4:
        return path[:4], path[4:]
    return (), ()


def _walk(text: str, found: Callable[[Path, str, int], None]) -> None:
    """Every string of a JSON text that is known to be good, as it is written, and where its text begins."""

    def value(at: int, path: Path) -> int:
        at = _after_blank(text, at)
        if text[at] == '"':
            raw, end = _string(text, at)
            found(path, raw, at + 1)
            return end
        if text[at] == "{":
            return entries(at + 1, path)
        if text[at] == "[":
            return items(at + 1, path)
        match = _WORD.match(text, at)
        return match.end() if match else at

    def entries(at: int, path: Path) -> int:
        at = _after_blank(text, at)
        while text[at] != "}":
            key, at = _string(text, _after_blank(text, at))
            at = value(_after_blank(text, at) + 1, (*path, key))
            at = _after_blank(text, at)
            if text[at] == ",":
                at = _after_blank(text, at + 1)
        return at + 1

    def items(at: int, path: Path) -> int:
        at, index = _after_blank(text, at), 0
        while text[at] != "]":
            at = _after_blank(text, value(at, (*path, index)))
            index += 1
            if text[at] == ",":
                at = _after_blank(text, at + 1)
        return at + 1

    value(1 if text.startswith("\ufeff") else 0, ())


def _string(text: str, at: int) -> tuple[str, int]:
    """What stands between its quotes, as it is written, and where the next thing begins."""
    match = _STRING.match(text, at)
    if match is None:
        raise ValueError("no string")
    return match[1], match.end()


def _decoded(raw: str) -> str:
    return str(json.loads(f'"{raw}"', strict=False)) if "\\" in raw else raw


def _after_blank(text: str, at: int) -> int:
    match = _BLANK.match(text, at)
    return match.end() if match else at
