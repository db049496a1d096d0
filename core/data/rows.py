"""The rows of a data file, one after another, each with its line; a row that is no JSON stands in its place.

Works on any stream of bytes, so that an unsaved buffer is read as the file would be.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Literal

from qtune.core.data.conversation import Unusable
from qtune.core.text import Text, plain

MAX_LINE = 16 << 20

FaultKind = Literal["encoding", "not-json"]


@dataclass(frozen=True)
class Raw:
    """`value` is the parsed row, or the Unusable that says why there is none."""

    line: int
    value: object


class Unreadable(Exception):
    """The whole file is not what it should be. `line` 0: no place in it can be named."""

    def __init__(
        self, kind: FaultKind, line: int = 0, detail: Text | None = None, fix: Text | None = None
    ) -> None:
        super().__init__(kind)
        self.kind = kind
        self.line = line
        self.detail = detail
        self.fix = fix


def rows(file: BinaryIO, most: int | None = None) -> Iterator[Raw]:
    """JSONL, or a JSON list. Raises Unreadable.

    A list has to be held in memory: of one that is longer than `most` bytes, only the rows up to there.
    """
    start = file.read(4096)
    if start.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in start[:64]:
        raise Unreadable("encoding")
    file.seek(3 if start.startswith(b"\xef\xbb\xbf") else 0)
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text.startswith(b"["):
        raw = file.read() if most is None else file.read(most)
        yield from _array(raw, cut=most is not None and bool(file.read(1)))
    elif text.startswith(b"{") or not text:
        yield from _lines(file)
    else:
        raise Unreadable("not-json", detail=plain(repr(text[:40].decode("utf-8", "replace"))))


def _lines(file: BinaryIO) -> Iterator[Raw]:
    number = 0
    while raw := file.readline(MAX_LINE + 1):
        number += 1
        if len(raw) > MAX_LINE and not raw.endswith(b"\n"):
            while (rest := file.readline(MAX_LINE)) and not rest.endswith(b"\n"):
                pass
            yield Raw(number, Unusable("too-long"))
            continue
        if not raw.strip():
            continue
        value = _parsed(raw)
        if number == 1 and isinstance(value, Unusable) and raw.strip() == b"{":
            fix = Text(
                "Put each object on a line of its own, or all of them into a list.",
                "请把每个对象写成一行，或者全部放进一个列表。",
            )
            raise Unreadable("not-json", 1, fix=fix)
        yield Raw(number, value)


def _parsed(raw: bytes) -> object:
    try:
        return json.loads(raw.decode("utf-8").rstrip("\r\n"))
    except UnicodeDecodeError as error:
        return Unusable("encoding", column=len(raw[: error.start].decode("utf-8")) + 1)
    except json.JSONDecodeError as error:
        return Unusable("not-json", f"{error.msg} (column {error.colno})", error.colno)
    except (ValueError, RecursionError) as error:
        return Unusable("not-json", str(error)[:80])


def _array(raw: bytes, *, cut: bool) -> Iterator[Raw]:
    """The items of a JSON list, each with the line it starts in. `cut`: the list goes on behind `raw`."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        if not cut or error.start < len(raw) - 3:
            raise Unreadable("encoding", raw.count(b"\n", 0, error.start) + 1) from None
        text = raw[: error.start].decode("utf-8")
    decoder = json.JSONDecoder()
    position, line, counted = _skip(text, text.index("[") + 1), 1, 0
    while position < len(text) and text[position] != "]":
        line += text.count("\n", counted, position)
        counted = position
        try:
            value, position = decoder.raw_decode(text, position)
        except (ValueError, RecursionError) as error:
            if cut and len(text) - position < MAX_LINE:
                return
            said = error.msg if isinstance(error, json.JSONDecodeError) else str(error)[:80]
            at = error.lineno if isinstance(error, json.JSONDecodeError) else line
            raise Unreadable("not-json", at, plain(said)) from None
        yield Raw(line, value)
        position = _skip(text, position)
        if text[position : position + 1] == ",":
            position = _skip(text, position + 1)
        elif text[position : position + 1] != "]":
            if cut and position >= len(text):
                return
            line += text.count("\n", counted, position)
            detail = Text("the list is cut off or a comma is missing", "列表不完整或缺少逗号")
            raise Unreadable("not-json", line, detail)
    if position >= len(text) and not cut:
        raise Unreadable("not-json", detail=Text("the list has no end", "列表没有结尾"))


def _skip(text: str, position: int) -> int:
    while position < len(text) and text[position] in " \t\r\n":
        position += 1
    return position
