"""The rows of a data file, one after another, each with its line; a row that is no JSON stands in its place.

Works on any stream of bytes, so that an unsaved buffer is read as the file would be.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import BinaryIO

from qtune.core.data.array import items
from qtune.core.data.raw import MAX_LINE, Raw, Unreadable, is_utf16
from qtune.core.data.unusable import Unusable
from qtune.core.text import Text, plain


def rows(file: BinaryIO, most: int | None = None) -> Iterator[Raw]:
    """JSONL, or a JSON list. Raises Unreadable. No more than a few rows are held in memory.

    Of a list that is longer than `most` bytes, only the rows up to there.
    """
    start = file.read(4096)
    if is_utf16(start):
        raise Unreadable("encoding")
    file.seek(3 if start.startswith(b"\xef\xbb\xbf") else 0)
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text.startswith(b"["):
        yield from items(file, most)
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
