"""`requirements.txt` and its like: each plain requirement with its exact place, as pip reads the file."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator

from qtune.doctor.documents.packages.judging import Asked, asked
from qtune.doctor.finding import Span

_BOMS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),  # which PowerShell 5 writes
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_CODING = re.compile(rb"coding[:=]\s*([-\w.]+)")
_NEWLINE = re.compile(r"\r\n|\n|\r")
_COMMENT = re.compile(r"(?:^|\s+)#.*\Z")
_OPTIONS = re.compile(r"\s+--?[a-zA-Z].*\Z", re.S)


def decoded(data: bytes) -> str:
    """As pip does: by its mark, by what a comment at the top says, else UTF-8."""
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return data[len(mark) :].decode(encoding, "replace")
    for line in data.split(b"\n")[:2]:
        said = _CODING.search(line) if line.startswith(b"#") else None
        if said is not None:
            try:
                return data.decode(said[1].decode("ascii"), "replace")
            except (LookupError, UnicodeError):
                break
    return data.decode("utf-8", "replace")


def rows(text: str, path: str) -> Iterator[Asked]:
    """Options, included files, addresses, folders and what holds a variable are somebody else's."""
    lines = _NEWLINE.split(text.removeprefix("\ufeff"))
    shift = 1 if text.startswith("\ufeff") else 0
    number = 0
    while number < len(lines):
        first = number
        while number + 1 < len(lines) and _goes_on(lines[number]):
            number += 1
        row = _row(lines[first : number + 1], first + 1, path, shift if first == 0 else 0)
        number += 1
        if row is not None:
            yield row


def _goes_on(line: str) -> bool:
    return line.endswith("\\") and not line.lstrip().startswith("#")


def _row(lines: list[str], first: int, path: str, shift: int) -> Asked | None:
    """The requirement must stand on the first of its lines; behind it only options may go on."""
    head = lines[0]
    body = head[:-1] if len(lines) > 1 else head
    body = _OPTIONS.sub("", _COMMENT.sub("", body))
    text = body.strip()
    if not text or text.startswith("-") or "${" in text:
        return None
    if len(lines) > 1 and not lines[1].lstrip().startswith(("--", "#")):
        return None
    column = 1 + len(body) - len(body.lstrip()) + shift
    span = Span(path, first, column, first, column + len(text))
    whole = Span(path, first, 1, first + len(lines), 1)
    return asked(text, span, whole)
