"""From rows to the examples the model will see; what is left out, cut or changed is told."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from qtune.core.data.unusable import Unusable
from qtune.core.data.values import Conversation
from qtune.core.text import Text, plain
from qtune.train import data
from qtune.train.causes import failure
from qtune.train.data import BadRow, Rows
from qtune.train.events import Log, Progress, Say
from qtune.train.job import Job
from qtune.train.texts import cache, parallel, statistics
from qtune.train.texts.making import Made, Recipe
from qtune.train.texts.store import Texts, Writing
from qtune.train.texts.template import control_tokens

__all__ = ["Texts", "recipe", "tokenized"]

TELLS_EVERY_S = 2.0
DOING = Text("tokenizing", "分词")


def recipe(job: Job) -> Recipe:
    config = job.config
    return Recipe(config.max_length, config.enable_thinking, documents=config.method == "pt")


def tokenized(job: Job, rows: Rows, tokenizer: Any, say: Say) -> Texts:
    """Raises TrainError when too many rows are refused by the template, or nothing is left."""
    values = [row.value for row in rows.usable]
    if not tokenizer.chat_template and any(isinstance(each, Conversation) for each in values):
        raise failure("TRN006", plain(job.base))
    how = recipe(job)

    def build(folder: Path) -> None:
        control = [tokenizer.convert_tokens_to_ids(token) for token in control_tokens(tokenizer)]
        writing = Writing(folder, control)
        try:
            for made in _told(parallel.made(tokenizer, how, values), len(values), say):
                writing.add(made)
            writing.finish()
        finally:
            writing.close()

    folder, keep = cache.kept(cache.digest(tokenizer, how, values), build)
    texts = Texts(folder, [(row.path, row.line) for row in rows.usable], keep)
    _judge(rows, texts, job.config.max_unusable, say)
    for text in statistics.warnings(texts.statistics, how.max_length):
        say(Log(text, "warning"))
    if not len(texts):
        raise failure("TRN008")
    for text in statistics.summary(texts.statistics):
        say(Log(text))
    return texts


def _judge(rows: Rows, texts: Texts, most: float, say: Say) -> None:
    """Rows that the template refused count with those that were bad before."""
    refused = {row: Unusable(kind, detail) for row, kind, detail in texts.about.refused}
    bad = [
        BadRow(rows.usable[at].path, rows.usable[at].line, reason.kind, reason.text())
        for at, reason in refused.items()
    ]
    kept = tuple(row for at, row in enumerate(rows.usable) if at not in refused)
    judged = Rows(kept, (*rows.bad, *bad))
    data.judge(judged, most)
    for text in data.report(judged):
        say(Log(text, "warning"))


def _told(made: Iterable[Made | Unusable], total: int, say: Say) -> Iterator[Made | Unusable]:
    """The same; what takes long is told as it goes on."""
    begun = last = time.monotonic()
    for done, each in enumerate(made, start=1):
        yield each
        now = time.monotonic()
        if now - last >= TELLS_EVERY_S:
            last = now
            say(Progress(DOING, done, total))
    if last > begun:
        say(Progress(DOING, total, total))
