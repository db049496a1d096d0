"""What is in data files, before anybody trains on them: forms, unusable rows, repetitions, lengths."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from qtune.core.data.digest import digest
from qtune.core.data.fitting import LEARNS, fitting
from qtune.core.data.recognise import known, strings
from qtune.core.data.unusable import Unusable
from qtune.core.data.values import Passage, Value
from qtune.core.runconfig import DataSource
from qtune.train import data
from qtune.train.data import BadRow, Seen

METHODS = ("sft", "dpo", "kto", "pt")  # in the order in which they are guessed
HEAD = 200  # rows of each file by which the method is guessed
MOST_COMPARED = 5_000_000  # rows of which is kept what they say, to find repetitions
EVERY = 1000  # rows after which somebody who watches hears of them
# pt reads whatever sft learns from, and nobody means that who does not say so.
_MADE_FOR = {**LEARNS, "pt": (Passage,)}

Place = tuple[Path, int]


@dataclass
class Survey:
    """`lengths` is how often each length in characters occurs, `repeated` how many rows say what an earlier
    one says (`twin`: the first of them, and that one). `files` are their rows, usable or not."""

    method: str
    formats: Counter[str] = field(default_factory=Counter)
    lengths: Counter[int] = field(default_factory=Counter)
    files: dict[Path, int] = field(default_factory=dict)
    bad: list[BadRow] = field(default_factory=list)
    repeated: int = 0
    twin: tuple[Place, Place] | None = None
    said: dict[bytes, Place] = field(default_factory=dict, repr=False)

    @property
    def usable(self) -> int:
        return self.formats.total()

    @property
    def characters(self) -> int:
        return sum(length * count for length, count in self.lengths.items())

    def seen(self) -> Seen:
        return Seen((self.usable,), tuple(self.bad))


def survey(
    sources: Sequence[DataSource], method: str, went: Callable[[int], None] = lambda rows: None
) -> Survey:
    """`went` hears of more rows. Raises TrainError for a file that cannot be read."""
    found = Survey(method)
    for number, (place, row) in enumerate(_rows(sources, found), 1):
        if isinstance(row, Unusable):
            found.bad.append(BadRow(*place, row.kind, row.text()))
        else:
            name, value = row
            found.formats[name] += 1
            found.lengths[sum(map(len, strings(value)))] += 1
            _compare(found, digest(value), place)
        if number % EVERY == 0:
            went(EVERY)
    return found


def guessed(sources: Sequence[DataSource]) -> str:
    """The method that most of the first rows are made for; sft where none is."""
    fits: Counter[str] = Counter()
    for source in sources:
        for path in data.files_of(source)[:20]:
            for raw in islice(data.raws(path), HEAD):
                try:
                    value = known(raw.value, source.format)[1]
                except Unusable:
                    continue
                fits.update(one for one in METHODS if isinstance(value, _MADE_FOR[one]))
    return max(METHODS, key=lambda one: fits[one])


def _rows(
    sources: Sequence[DataSource], found: Survey
) -> Iterator[tuple[Place, tuple[str, Value] | Unusable]]:
    for source in sources:
        for path in data.files_of(source):
            found.files.setdefault(path, 0)
            for raw in data.raws(path):
                found.files[path] += 1
                place = (path, raw.line)
                try:
                    if isinstance(raw.value, Unusable):
                        raise raw.value
                    name, value = known(raw.value, source.format)
                    fitting(value, found.method)
                    yield place, (name, value)
                except Unusable as reason:
                    yield place, reason


def _compare(found: Survey, what: bytes, place: Place) -> None:
    first = found.said.get(what)
    if first is not None:
        found.repeated += 1
        found.twin = found.twin or (place, first)
    elif len(found.said) < MOST_COMPARED:
        found.said[what] = place


def leaked(trained: Survey, judged: Survey) -> list[tuple[Place, Place]]:
    """Rows to evaluate on that are trained on, too; each with its twin."""
    return [
        (place, trained.said[what]) for what, place in judged.said.items() if what in trained.said
    ]
