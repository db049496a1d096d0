"""From rows to the examples the model will see; what is left out, cut or changed is told."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from qtune.core.data.unusable import Unusable
from qtune.core.data.values import Conversation, Value
from qtune.core.text import Text, plain
from qtune.train import data
from qtune.train.causes import failure
from qtune.train.data import BadRow, Rows, Seen
from qtune.train.events import Log, Progress, Say
from qtune.train.job import Job
from qtune.train.stream import Stream
from qtune.train.texts import cache, parallel, statistics
from qtune.train.texts.making import Made, Recipe
from qtune.train.texts.store import Places, Placing, Texts, Writing
from qtune.train.texts.template import control_tokens

__all__ = ["Texts", "recipe", "tokenized"]

TELLS_EVERY_S = 2.0
BYTES_A_ROW = 500  # about; only to know whether several processes pay
DOING = Text("tokenizing", "分词")


def recipe(job: Job) -> Recipe:
    config = job.config
    return Recipe(config.max_length, config.enable_thinking, documents=config.method == "pt")


def tokenized(job: Job, rows: Rows | Stream, tokenizer: Any, say: Say) -> Texts:
    """Raises TrainError when too many rows are refused by the template, or nothing is left.

    A stream is read row by row and never all in memory; its tokens wait on the disk like any other's.
    """
    how = recipe(job)
    if isinstance(rows, Stream):
        texts, seen = _poured(job, rows, tokenizer, how, say)
    else:
        texts, seen = _gathered(job, rows, tokenizer, how, say)
    data.judge(seen, job.config.max_unusable)
    for text in data.report(seen):
        say(Log(text, "warning"))
    for text in statistics.warnings(texts.statistics, how.max_length):
        say(Log(text, "warning"))
    if not len(texts):
        raise failure("TRN008")
    for text in statistics.summary(texts.statistics):
        say(Log(text))
    return texts


def _gathered(job: Job, rows: Rows, tokenizer: Any, how: Recipe, say: Say) -> tuple[Texts, Seen]:
    values = [row.value for row in rows.usable]
    _check_template(job, tokenizer, values)

    def build(folder: Path) -> None:
        made = parallel.made(tokenizer, how, values, len(values))
        _write(folder, tokenizer, _told(made, len(values), say))

    folder, keep = cache.kept(cache.digest(tokenizer, how, values), build)
    texts = Texts(folder, [(row.path, row.line) for row in rows.usable], keep)
    return texts, _seen(texts, rows.bad)


def _poured(job: Job, stream: Stream, tokenizer: Any, how: Recipe, say: Say) -> tuple[Texts, Seen]:
    """The rows of a first epoch, in the stream's own order. Its files stand for them in the cache's name."""
    expected = stream.bytes() // BYTES_A_ROW

    def build(folder: Path) -> None:
        placing = Placing(folder)

        def values() -> Iterator[Value]:
            for row in stream.rows():
                _check_template(job, tokenizer, [row.value])
                placing.add(row.path, row.line)
                yield row.value

        try:
            made = parallel.made(tokenizer, how, values(), expected)
            _write(folder, tokenizer, _told(made, 0, say))
        finally:
            placing.close()
        bad = [
            (str(row.path), row.line, row.kind, row.reason.en, row.reason.zh) for row in stream.bad
        ]
        (folder / "bad.json").write_text(json.dumps(bad), encoding="utf-8")

    folder, keep = cache.kept(cache.digest(tokenizer, how, stream.made_of()), build)
    texts = Texts(folder, Places(folder), keep)
    read = json.loads((folder / "bad.json").read_text(encoding="utf-8"))
    bad = (BadRow(Path(path), line, kind, Text(en, zh)) for path, line, kind, en, zh in read)
    return texts, _seen(texts, tuple(bad))


def _check_template(job: Job, tokenizer: Any, values: Iterable[Value]) -> None:
    if not tokenizer.chat_template and any(isinstance(each, Conversation) for each in values):
        raise failure("TRN006", plain(job.base))


def _write(folder: Path, tokenizer: Any, made: Iterable[Made | Unusable]) -> None:
    control = [tokenizer.convert_tokens_to_ids(token) for token in control_tokens(tokenizer)]
    writing = Writing(folder, control)
    try:
        for each in made:
            writing.add(each)
        writing.finish()
    finally:
        writing.close()


def _seen(texts: Texts, bad: tuple[BadRow, ...]) -> Seen:
    """Rows that the template refused count with those that were bad before."""
    refused = [
        BadRow(*texts.places[row], kind, Unusable(kind, detail).text())
        for row, kind, detail in texts.about.refused
    ]
    return Seen((texts.statistics.rows,), (*bad, *refused))


def _told(made: Iterable[Made | Unusable], total: int, say: Say) -> Iterator[Made | Unusable]:
    """The same; what takes long is told as it goes on. `total` 0: nobody knows."""
    begun = last = time.monotonic()
    done = 0
    for done, each in enumerate(made, start=1):
        yield each
        now = time.monotonic()
        if now - last >= TELLS_EVERY_S:
            last = now
            say(Progress(DOING, done, total))
    if last > begun:
        say(Progress(DOING, total or done, total or done))
