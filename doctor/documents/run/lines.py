"""The keys and values of a run config, told line by line: also of one that is half typed and no YAML yet.

On text that is YAML it says what core.yamltree says, as the tests prove; values over several lines are
told by their first one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

_KEY = r"(?P<key>[A-Za-z_][\w.-]*|\"[^\"\r\n]*\"|'[^'\r\n]*')[ \t]*:(?=[ \t]|\Z)"
_BLOCK_KEY = re.compile(_KEY)
_FLOW_KEY = re.compile(r"[ \t]*(?P<key>[A-Za-z_][\w.-]*|\"[^\"]*\"|'[^']*')[ \t]*:(?=[ \t,}\]]|\Z)")
_DASH = re.compile(r"-(?:[ \t]+|\Z)")
_QUOTED = re.compile(r"\"(?:[^\"\\]|\\.)*\"?|'(?:[^']|'')*'?")
_COMMENT = re.compile(r"(?:\A|(?<=[ \t]))#")
_BEHIND = re.compile(r"(?<=[ \t])#")
_PLAIN_IN_FLOW = re.compile(r"[^,\[\]{}\r\n]*")
BREAK = re.compile(r"\r\n|\n|\r")
_DEEPEST = 50


class Pair(NamedTuple):
    """A key and what stands behind it in its line. `path` is dotted; the items of a list share their key's.

    Columns are 1-based, ends exclusive. `column` 0: an item of a list, which has no key of its own.
    An empty value has its place where one would be written. `text` is without quotes.
    """

    path: str
    line: int
    column: int
    end_column: int
    text: str = ""
    value_column: int = 0
    value_end: int = 0
    opens: bool = False  # a table or a list begins here

    @property
    def inside(self) -> tuple[int, int]:
        """The columns of the value without its quotes."""
        quotes = 1 if self.value_end - self.value_column > len(self.text) else 0
        return self.value_column + quotes, self.value_end - quotes


@lru_cache(maxsize=8)
def pairs(document: str) -> tuple[Pair, ...]:
    return tuple(_Scan(BREAK.split(document)).all())


class _Scan:
    """Goes through the lines once. `open` are the keys around the line, each with its indentation."""

    def __init__(self, lines: list[str]) -> None:
        self.lines = lines
        self.open: list[tuple[int, str]] = []
        self.skip_deeper: int | None = (
            None  # inside a block of text that belongs to a key this deep
        )
        self.flow: list[str] = []  # the paths of the brackets that are still open

    def all(self) -> Iterator[Pair]:
        for number, line in enumerate(self.lines, 1):
            body = line.lstrip(" \t\ufeff")
            indent = len(line) - len(body)
            if not body or body[0] == "#":
                continue
            if self.skip_deeper is not None:
                if indent > self.skip_deeper:
                    continue
                self.skip_deeper = None
            if self.flow and (indent > 0 or body[0] in "]}"):
                yield from self._in_flow(line, indent, number)
                continue
            self.flow.clear()  # a key at the left edge: the bracket was left open while typing
            if body.startswith(("---", "...", "%")):
                continue
            yield from self._block_line(line, indent, number)

    def _block_line(self, line: str, at: int, number: int) -> Iterator[Pair]:
        dashes = 0
        while (dash := _DASH.match(line, at)) is not None and dashes < _DEEPEST:
            # `- x` may stand as far left as the key whose list it is in.
            while self.open and self.open[-1][0] > at - (1 if dashes else 0):
                self.open.pop()
            at = dash.end()
            dashes += 1
        match = _BLOCK_KEY.match(line, at)
        if match is None:
            if dashes:
                yield from self._value(self._path(), line, at, number, at, at, keyed=False)
            return
        if not dashes:
            while self.open and self.open[-1][0] >= at:
                self.open.pop()
        path = self._path(match["key"].strip("\"'"))
        if len(self.open) < _DEEPEST:
            self.open.append((at, match["key"].strip("\"'")))
        yield from self._value(path, line, match.end(), number, at, match.end("key"), keyed=True)

    def _value(
        self, path: str, line: str, at: int, number: int, start: int, end: int, *, keyed: bool
    ) -> Iterator[Pair]:
        while at < len(line) and line[at] in " \t":
            at += 1
        key = (start + 1, end + 1) if keyed else (0, 0)
        head = line[at : at + 1]
        if head in ("{", "["):
            yield Pair(path, number, *key, "", at + 1, at + 1, opens=True)
            yield from self._in_flow(line, at, number, path)
            return
        if head in ("|", ">"):
            self.skip_deeper = self.open[-1][0] if self.open else 0
            yield Pair(path, number, *key, "", at + 1, at + 1)
            return
        text, stop = _scalar(line, at)
        if not text and not keyed:
            return
        yield Pair(path, number, *key, text, at + 1, stop + 1)

    def _in_flow(self, line: str, at: int, number: int, path: str = "") -> Iterator[Pair]:
        """From a bracket on, to the end of the line or to where it closes."""
        base = path or (self.flow[-1] if self.flow else "")
        while at < len(line):
            character = line[at]
            if character in "{[":
                if len(self.flow) >= _DEEPEST:
                    self.flow.clear()
                    return
                self.flow.append(base)
                at += 1
            elif character in "}]":
                self.flow.pop()
                at += 1
                if not self.flow:
                    return
                base = self.flow[-1]
            elif character == "#" and _COMMENT.match(line, at):
                return
            elif character in " \t,":
                at += 1
                base = self.flow[-1]
            elif (match := _FLOW_KEY.match(line, at)) is not None:
                base = _joined(self.flow[-1], match["key"].strip("\"'"))
                key = (match.start("key") + 1, match.end("key") + 1)
                at = match.end()
                while at < len(line) and line[at] in " \t":
                    at += 1
                if line[at : at + 1] in ("{", "["):
                    yield Pair(base, number, *key, "", at + 1, at + 1, opens=True)
                    continue
                text, stop = _scalar(line, at, flow=True)
                yield Pair(base, number, *key, text, at + 1, stop + 1)
                at = stop
            else:
                text, stop = _scalar(line, at, flow=True)
                yield Pair(self.flow[-1], number, 0, 0, text, at + 1, stop + 1)
                at = max(stop, at + 1)

    def _path(self, key: str = "") -> str:
        return ".".join([name for _, name in self.open] + ([key] if key else []))


def _joined(base: str, key: str) -> str:
    return f"{base}.{key}" if base else key


def _scalar(line: str, at: int, flow: bool = False) -> tuple[str, int]:
    """The text of a value from `at` on, and where it ends."""
    quoted = _QUOTED.match(line, at) if line[at : at + 1] in ("'", '"') else None
    if quoted is not None:
        mark = line[at]
        inner = quoted[0][1:]
        return inner.removesuffix(mark) if len(quoted[0]) > 1 else "", quoted.end()
    stop = len(line)
    if flow:
        plain = _PLAIN_IN_FLOW.match(line, at)
        stop = plain.end() if plain is not None else stop
    comment = _BEHIND.search(line, at, stop)
    text = line[at : comment.start() if comment else stop].rstrip(" \t")
    if text.startswith("#"):
        return "", at
    return text, at + len(text)
