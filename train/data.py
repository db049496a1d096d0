"""Reads data files: every row that cannot be used is kept with its file, line and reason.

Imports nothing heavy, so that a dry run can show what is wrong with the data.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from qtune.core.runconfig import QUICKSTART, DataSource
from qtune.core.text import Text, plain
from qtune.train import quickstart
from qtune.train.causes import failure
from qtune.train.formats import KINDS, Message, Unusable, conversation

MAX_LINE = 16 << 20
MAX_UNUSABLE = 0.01  # a larger share means that the file is not what the user thinks it is
SHOWN = 5


@dataclass(frozen=True)
class Row:
    path: Path
    line: int
    messages: tuple[Message, ...]


@dataclass(frozen=True)
class BadRow:
    path: Path
    line: int
    kind: str
    reason: Text

    def text(self) -> Text:
        return Text(
            f"{self.path}:{self.line}: {self.reason.en}",
            f"{self.path}:{self.line}：{self.reason.zh}",
        )


@dataclass(frozen=True)
class Rows:
    usable: tuple[Row, ...]
    bad: tuple[BadRow, ...]


def files(sources: Iterable[DataSource]) -> list[tuple[Path, str]]:
    """The files to read, each with its format."""
    return [
        (quickstart.INSTRUCTIONS if source.path == Path(QUICKSTART) else source.path, source.format)
        for source in sources
    ]


def read(sources: Iterable[DataSource]) -> Rows:
    """All rows; raises TrainError for a file that cannot be read at all."""
    usable: list[Row] = []
    bad: list[BadRow] = []
    for path, wanted in files(sources):
        for line, row in _objects(path):
            try:
                if isinstance(row, Unusable):
                    raise row
                usable.append(Row(path, line, conversation(row, wanted)))
            except Unusable as reason:
                bad.append(BadRow(path, line, reason.kind, reason.text()))
    return Rows(tuple(usable), tuple(bad))


def judge(rows: Rows) -> None:
    """Raises TrainError when nothing is left, or too much is unusable."""
    total = len(rows.usable) + len(rows.bad)
    if total == 0:
        raise failure("TRN003")
    if len(rows.bad) <= MAX_UNUSABLE * total:
        return
    if Counter(row.kind for row in rows.bad).most_common(1)[0][0] == "encoding":
        raise failure("TRN002", rows.bad[0].text())
    count = Text(
        f"{len(rows.bad)} of {total} rows cannot be used.",
        f"{total} 条数据里有 {len(rows.bad)} 条不可用。",
    )
    lines = [count, *report(rows)]
    raise failure(
        "TRN005",
        Text("\n".join(line.en for line in lines), "\n".join(line.zh for line in lines)),
    )


def report(rows: Rows) -> list[Text]:
    """The unusable rows counted by kind, each kind with its first few places."""
    told = []
    for kind, count in Counter(row.kind for row in rows.bad).most_common():
        what = KINDS[kind]
        told.append(Text(f"{count} × {what.en}", f"{count} 条：{what.zh}"))
        places = [row for row in rows.bad if row.kind == kind]
        for row in places[:SHOWN]:
            told.append(Text(f"  {row.text().en}", f"  {row.text().zh}"))
        if count > SHOWN:
            told.append(Text(f"  … and {count - SHOWN} more", f"  …… 还有 {count - SHOWN} 条"))
    return told


def _objects(path: Path) -> Iterator[tuple[int, object]]:
    """Each row's line and value; a row that is no JSON is an Unusable in its place."""
    try:
        with path.open("rb") as file:
            start = file.read(4096)
            if start.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in start[:64]:
                raise failure("TRN002", plain(str(path)))
            file.seek(3 if start.startswith(b"\xef\xbb\xbf") else 0)
            text = start.removeprefix(b"\xef\xbb\xbf").lstrip()
            if text.startswith(b"["):
                yield from _array(path, file.read())
            elif text.startswith(b"{") or not text:
                yield from _lines(path, file)
            else:
                raise failure("TRN004", plain(f"{path}: {text[:40].decode('utf-8', 'replace')!r}"))
    except OSError as error:
        raise failure("TRN001", plain(f"{path}: {error.strerror or error}")) from error


def _lines(path: Path, file: BinaryIO) -> Iterator[tuple[int, object]]:
    number = 0
    while raw := file.readline(MAX_LINE + 1):
        number += 1
        if len(raw) > MAX_LINE and not raw.endswith(b"\n"):
            while (rest := file.readline(MAX_LINE)) and not rest.endswith(b"\n"):
                pass
            yield number, Unusable("too-long")
            continue
        if not raw.strip():
            continue
        value = _parsed(raw)
        if number == 1 and isinstance(value, Unusable) and raw.strip() == b"{":
            fix = Text(
                "Put each object on a line of its own, or all of them into a list.",
                "请把每个对象写成一行，或者全部放进一个列表。",
            )
            raise failure("TRN004", plain(f"{path}:1"), fix)
        yield number, value


def _parsed(raw: bytes) -> object:
    try:
        return json.loads(raw.decode("utf-8"))
    except UnicodeDecodeError:
        return Unusable("encoding")
    except json.JSONDecodeError as error:
        return Unusable("not-json", f"{error.msg} (column {error.colno})")
    except (ValueError, RecursionError) as error:
        return Unusable("not-json", str(error)[:80])


def _array(path: Path, raw: bytes) -> Iterator[tuple[int, object]]:
    """The items of a JSON list, each with the line it starts in."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise failure("TRN002", plain(f"{path}:{line}")) from None
    decoder = json.JSONDecoder()
    position, line, counted = _skip(text, text.index("[") + 1), 1, 0
    while position < len(text) and text[position] != "]":
        line += text.count("\n", counted, position)
        counted = position
        try:
            value, position = decoder.raw_decode(text, position)
        except (ValueError, RecursionError) as error:
            said = error.msg if isinstance(error, json.JSONDecodeError) else str(error)[:80]
            at = error.lineno if isinstance(error, json.JSONDecodeError) else line
            raise failure("TRN004", plain(f"{path}:{at}: {said}")) from None
        yield line, value
        position = _skip(text, position)
        if text[position : position + 1] == ",":
            position = _skip(text, position + 1)
        elif text[position : position + 1] != "]":
            line += text.count("\n", counted, position)
            said_en = f"{path}:{line}: the list is cut off or a comma is missing"
            said_zh = f"{path}:{line}：列表不完整或缺少逗号"
            raise failure("TRN004", Text(said_en, said_zh))
    if position >= len(text):
        raise failure("TRN004", Text(f"{path}: the list has no end", f"{path}：列表没有结尾"))


def _skip(text: str, position: int) -> int:
    while position < len(text) and text[position] in " \t\r\n":
        position += 1
    return position
