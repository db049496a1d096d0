"""Reads data files: every row that cannot be used is kept with its file, line and reason.

Imports nothing heavy, so that a dry run can show what is wrong with the data.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from qtune.core.data.conversation import KINDS, Unusable, conversation
from qtune.core.data.rows import Raw, Unreadable, rows
from qtune.core.data.values import Message
from qtune.core.runconfig import DataSource
from qtune.core.rundefaults import MAX_UNUSABLE, QUICKSTART
from qtune.core.text import Text, plain
from qtune.train import quickstart
from qtune.train.causes import failure

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
        for raw in _rows(path):
            try:
                if isinstance(raw.value, Unusable):
                    raise raw.value
                usable.append(Row(path, raw.line, conversation(raw.value, wanted)))
            except Unusable as reason:
                bad.append(BadRow(path, raw.line, reason.kind, reason.text()))
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


def _rows(path: Path) -> Iterator[Raw]:
    """The rows of a file; what is wrong with the whole of it is an error of the catalogue."""
    try:
        with path.open("rb") as file:
            yield from rows(file)
    except Unreadable as fault:
        code = "TRN002" if fault.kind == "encoding" else "TRN004"
        raise failure(code, _where(path, fault), fault.fix) from None
    except OSError as error:
        raise failure("TRN001", plain(f"{path}: {error.strerror or error}")) from error


def _where(path: Path, fault: Unreadable) -> Text:
    place = f"{path}:{fault.line}" if fault.line else str(path)
    if fault.detail is None:
        return plain(place)
    return Text(f"{place}: {fault.detail.en}", f"{place}：{fault.detail.zh}")
