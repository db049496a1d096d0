"""Rows that are read as they are needed: never all in memory, in an order that seed and epoch alone decide.

Sources take turns by their size and weight, and a buffer of rows is shuffled as they come. Where a run
left off is a number of rows: going on reads up to there again and lets those rows go.
"""

from __future__ import annotations

import hashlib
import math
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice

from qtune.core.data.digest import digest
from qtune.core.runconfig import DataSource, RunConfig
from qtune.train import data
from qtune.train.data import BadRow, Row, Rows, Seen
from qtune.train.shares import key_of, seed_of

BUFFER = 10_000  # rows that wait to be drawn
SAMPLE = 20_000  # rows of each source that are looked at before a streaming run begins
_ENOUGH = 1_000  # rows from which a share can be judged


@dataclass
class Stream:
    """`evaluation` takes the rows that `eval_share` keeps out of training instead, unshuffled and once.

    `met` and `bad` tell of the epoch that is being read.
    """

    config: RunConfig
    evaluation: bool = False
    buffer: int = BUFFER
    met: int = 0
    bad: list[BadRow] = field(default_factory=list)

    def rows(self, epoch: int = 0, skip: int = 0) -> Iterator[Row]:
        """The rows of an epoch, the first `skip` of them left out. Raises TrainError on the way."""
        self.met, self.bad = 0, []
        drawn = self._in_order() if self.evaluation else self._shuffled(epoch)
        for number, row in enumerate(drawn):
            if number >= skip:
                yield row

    def bytes(self) -> int:
        """Of all files together."""
        return int(sum(map(_bytes, self._sources())))

    def made_of(self) -> Iterator[object]:
        """All that decides which rows come, and in which order."""
        config = self.config
        yield (self.evaluation, self.buffer, seed_of(config), config.eval_share, config.method)
        for source in self._sources():
            yield source
            for path in data.files_of(source):
                with path.open("rb") as file:
                    yield path, hashlib.file_digest(file, "sha256").hexdigest()

    def _sources(self) -> tuple[DataSource, ...]:
        return (self.evaluation and self.config.eval_data) or self.config.data

    def _shuffled(self, epoch: int) -> Iterator[Row]:
        dice = random.Random(f"{seed_of(self.config)}:{epoch}")
        waiting: list[Row] = []
        for row in self._mixed(dice):
            if len(waiting) < self.buffer:
                waiting.append(row)
                continue
            place = dice.randrange(self.buffer)
            yield waiting[place]
            waiting[place] = row
        dice.shuffle(waiting)
        yield from waiting

    def _mixed(self, dice: random.Random) -> Iterator[Row]:
        """From a source as often as it has bytes, so that all end together, more or less."""
        running = [
            (self._weighted(index, source), max(1.0, _bytes(source) * source.weight))
            for index, source in enumerate(self.config.data)
        ]
        while running:
            place = dice.choices(range(len(running)), [size for _, size in running])[0]
            row = next(running[place][0], None)
            if row is None:
                del running[place]
            else:
                yield row

    def _in_order(self) -> Iterator[Row]:
        sources = self.config.eval_data or self.config.data
        for source in sources:
            yield from self._usable(source)

    def _weighted(self, index: int, source: DataSource) -> Iterator[Row]:
        whole = math.floor(source.weight)
        part = source.weight - whole
        seed = seed_of(self.config)
        for number, row in enumerate(self._usable(source)):
            yield from (row for _ in range(whole + (part > _chance(f"{seed}:{index}:{number}"))))

    def _usable(self, source: DataSource) -> Iterator[Row]:
        share = 0.0 if self.config.eval_data else self.config.eval_share
        key = key_of(seed_of(self.config))
        for row in data.rows_of(source, self.config.method):
            self.met += 1
            if isinstance(row, BadRow):
                self.bad.append(row)
                if self.met >= _ENOUGH:
                    found = Seen((self.met - len(self.bad),), tuple(self.bad), whole=False)
                    data.judge(found, self.config.max_unusable)
            elif not share or (_first(digest(row.value, key)) < share) == self.evaluation:
                yield row


@dataclass(frozen=True)
class Streams:
    """As train.shares.Shares, of rows that are not read yet."""

    train: Stream
    evaluation: Stream | None = None


def streams(config: RunConfig) -> Streams:
    judged = Stream(config, evaluation=True) if config.eval_data or config.eval_share else None
    return Streams(Stream(config), judged)


def first(rows: Rows | Stream, most: int = 1_000) -> Rows:
    """The first rows, where they only serve as samples."""
    if isinstance(rows, Stream):
        return Rows(tuple(islice(rows.rows(), most)), ())
    return rows


def look(config: RunConfig) -> Seen:
    """The rows of a run, counted; of a streaming one, what the first rows of each source tell."""
    return data.look(
        config.data, config.method, SAMPLE if config.streaming else None, config.max_unusable
    )


def judge(config: RunConfig) -> None:
    """Raises TrainError for what the first rows of each source show already."""
    for sources in (config.data, config.eval_data):
        if sources:
            most_bad = config.max_unusable
            data.judge(data.look(sources, config.method, SAMPLE, most_bad), most_bad)


def _bytes(source: DataSource) -> int:
    return sum(path.stat().st_size for path in data.files_of(source) if path.exists())


def _chance(text: str) -> float:
    return _first(hashlib.sha256(text.encode()).digest())


def _first(raw: bytes) -> float:
    """From 0 to 1."""
    return int.from_bytes(raw[:8], "big") / (1 << 64)
