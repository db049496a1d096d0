"""The rows of a CSV or TSV file, each with the line it starts in; an empty cell is nothing."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import BinaryIO

from qtune.core.data.raw import MAX_LINE, Raw, Unreadable, is_utf16
from qtune.core.data.unusable import Unusable
from qtune.core.text import Text, plain

_SEPARATORS = ",\t;"


def cells(file: BinaryIO) -> Iterator[Raw]:
    """The first line names the columns; commas, tabs or semicolons divide them. Raises Unreadable."""
    csv.field_size_limit(MAX_LINE)  # of the process, and by itself 128 KiB
    lines = _lines(file)
    first = next(lines, "")
    separator = max(_SEPARATORS, key=lambda mark: (first.count(mark), mark == ","))
    reader = csv.reader(_again(first, lines), delimiter=separator)
    names: list[str] = []
    before = 0
    try:
        for row in reader:
            line, before = before + 1, reader.line_num
            if not row:
                continue
            if not names:
                names = _names(row)
            elif len(row) > len(names):
                yield Raw(line, Unusable("bad-table", f"{len(row)} of {len(names)}"))
            else:
                yield Raw(line, {n: c or None for n, c in zip(names, row, strict=False)})
    except csv.Error as error:
        raise Unreadable("not-table", reader.line_num, plain(str(error))) from None


def _names(row: list[str]) -> list[str]:
    names = [name.strip() for name in row]
    twice = [name for name in names if name and names.count(name) > 1]
    if twice:
        detail = Text(f"two columns are called {twice[0]}", f"有两列都叫 {twice[0]}")
        raise Unreadable("not-table", 1, detail)
    return names


def _again(first: str, lines: Iterator[str]) -> Iterator[str]:
    yield first
    yield from lines


def _lines(file: BinaryIO) -> Iterator[str]:
    number = 0
    while raw := file.readline(MAX_LINE + 1):
        number += 1
        if number == 1:
            if is_utf16(raw):
                raise Unreadable("encoding")
            raw = raw.removeprefix(b"\xef\xbb\xbf")
        if len(raw) > MAX_LINE:
            detail = Text("a line longer than 16 MiB", "有一行超过 16 MiB")
            raise Unreadable("not-table", number, detail)
        try:
            yield raw.decode("utf-8")
        except UnicodeDecodeError:
            raise Unreadable("encoding", number) from None
