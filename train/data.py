"""Reads data: every row that cannot be used is kept with its file, line and reason.

Imports nothing heavy, so that a dry run can show what is wrong with the data.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from qtune.core.data import files as formats
from qtune.core.data import places
from qtune.core.data.fitting import fitting
from qtune.core.data.places import NoFiles
from qtune.core.data.raw import Raw, Unreadable
from qtune.core.data.recognise import value
from qtune.core.data.unusable import KINDS, Unusable
from qtune.core.data.values import Conversation, Messages, Value
from qtune.core.runconfig import DataSource
from qtune.core.rundefaults import MAX_UNUSABLE, QUICKSTART
from qtune.core.text import Text, plain
from qtune.train import quickstart
from qtune.train.causes import failure

SHOWN = 5
HOPELESS = 10_000  # unusable rows after which a file that is mostly such is not read on
_CODES = {
    "encoding": "TRN002",
    "not-json": "TRN004",
    "not-table": "TRN051",
    "not-parquet": "TRN052",
    "not-gzip": "TRN052",
    "no-pyarrow": "TRN053",
}
# Rows of another method, and the line of the run config that makes them usable.
_METHODS = {
    "is-text": "method: pt",
    "is-preference": "method: dpo",
    "is-judged": "method: kto",
    "is-answer": "method: sft",
}


@dataclass(frozen=True, slots=True)
class Row:
    path: Path
    line: int
    value: Value

    @property
    def messages(self) -> Messages:
        """Of a conversation; any other value has none."""
        return self.value.messages if isinstance(self.value, Conversation) else ()


@dataclass(frozen=True, slots=True)
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
    usable: Sequence[Row]
    bad: tuple[BadRow, ...]

    @property
    def total(self) -> int:
        return len(self.usable) + len(self.bad)


@dataclass(frozen=True)
class Seen:
    """The same, counted: `sources` are the usable rows of each source. `whole`: all were looked at."""

    sources: tuple[int, ...]
    bad: tuple[BadRow, ...]
    whole: bool = True

    @property
    def total(self) -> int:
        return sum(self.sources) + len(self.bad)


def files(sources: Iterable[DataSource]) -> list[tuple[Path, str]]:
    """The files to read, each with its format. Raises TrainError for a source that has none."""
    return [(path, source.format) for source in sources for path in files_of(source)]


def files_of(source: DataSource) -> list[Path]:
    if source.path == Path(QUICKSTART) and not source.repo_id:
        return [quickstart.INSTRUCTIONS]
    if places.is_absent(source):
        raise failure("TRN055", plain(source.repo_id))
    try:
        return places.files(source)
    except NoFiles as lack:
        raise failure("TRN050", lack.reason, lack.fix) from None


def read(
    sources: Iterable[DataSource], method: str = "sft", most_bad: float = MAX_UNUSABLE
) -> Rows:
    """All rows; raises TrainError for a file that cannot be read at all, or where far more than the share
    `most_bad` of very many rows is unusable."""
    usable: list[Row] = []
    bad: list[BadRow] = []
    for source in sources:
        for row in rows_of(source, method):
            if isinstance(row, BadRow):
                bad.append(row)
            else:
                usable.append(row)
            _refuse_hopeless(len(usable), bad, most_bad)
    return Rows(tuple(usable), tuple(bad))


def look(
    sources: Iterable[DataSource],
    method: str = "sft",
    most: int | None = None,
    most_bad: float = MAX_UNUSABLE,
) -> Seen:
    """Reads as `read` does and keeps no row; no more than the first `most` of each source."""
    counts: list[int] = []
    bad: list[BadRow] = []
    whole = True
    for source in sources:
        counts.append(0)
        for number, row in enumerate(rows_of(source, method)):
            if most is not None and number >= most:
                whole = False
                break
            if isinstance(row, BadRow):
                bad.append(row)
            else:
                counts[-1] += 1
            _refuse_hopeless(sum(counts), bad, most_bad)
    return Seen(tuple(counts), tuple(bad), whole)


def rows_of(source: DataSource, method: str) -> Iterator[Row | BadRow]:
    """Of one source, file by file. A pair that is learnt as two answers is two rows of the same line."""
    for path in files_of(source):
        for raw in raws(path):
            try:
                if isinstance(raw.value, Unusable):
                    raise raw.value
                for one in fitting(value(raw.value, source.format), method):
                    yield Row(path, raw.line, one)
            except Unusable as reason:
                yield BadRow(path, raw.line, reason.kind, reason.text())


def judge(rows: Rows | Seen, most: float = MAX_UNUSABLE) -> None:
    """Raises TrainError when nothing is left, or more than the share `most` is unusable."""
    if rows.total == 0:
        raise failure("TRN003")
    if len(rows.bad) <= most * rows.total:
        return
    kind = Counter(row.kind for row in rows.bad).most_common(1)[0][0]
    if kind == "encoding":
        raise failure("TRN002", rows.bad[0].text())
    count = Text(
        f"{len(rows.bad)} of {rows.total} rows cannot be used; {most:.3g} of them may be "
        "(max_unusable).",
        f"{rows.total} 条数据里有 {len(rows.bad)} 条不可用；允许的比例是 {most:.3g}（max_unusable）。",
    )
    lines = [count, *report(rows)]
    told = Text("\n".join(line.en for line in lines), "\n".join(line.zh for line in lines))
    if kind in _METHODS:
        fix = Text(
            f"Write {_METHODS[kind]} in the run config, or name other data.",
            f"请在训练配置里写 {_METHODS[kind]}，或换一份数据。",
        )
        raise failure("TRN054", told, fix)
    raise failure("TRN005", told)


def report(rows: Rows | Seen) -> list[Text]:
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


def _refuse_hopeless(usable: int, bad: list[BadRow], most_bad: float) -> None:
    """Ten million rows of another form are not read to the end to say so."""
    if bad and len(bad) % HOPELESS == 0 and usable < len(bad):
        judge(Seen((usable,), tuple(bad), whole=False), most_bad)


def raws(path: Path) -> Iterator[Raw]:
    """The rows of a file; what is wrong with the whole of it is an error of the catalogue."""
    try:
        yield from formats.read(path)
    except Unreadable as fault:
        raise failure(_CODES[fault.kind], _where(path, fault), fault.fix) from None
    except OSError as error:
        raise failure("TRN001", plain(f"{path}: {error.strerror or error}")) from error


def _where(path: Path, fault: Unreadable) -> Text:
    place = f"{path}:{fault.line}" if fault.line else str(path)
    if fault.detail is None:
        return plain(place)
    return Text(f"{place}: {fault.detail.en}", f"{place}：{fault.detail.zh}")
