"""The rows a model is measured on, as texts with a loss and as questions with an expected answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from qtune.core.runconfig import RunConfig
from qtune.train import data
from qtune.train.after.events import Say
from qtune.train.data import Row, Rows
from qtune.train.events import Event, Log
from qtune.train.job import Job
from qtune.train.texts import tokenized


@dataclass(frozen=True)
class Question:
    """`messages` lead up to the answer that is expected, `reference`."""

    path: Path
    line: int
    messages: Sequence[Mapping[str, object]]
    reference: str
    tools: Sequence[Mapping[str, object]] = ()


def rows(config: RunConfig, limit: int | None) -> Rows:
    """Those of the config's data; the first `limit` of them that can be used."""
    found = data.read(config.data)
    return Rows(found.usable[:limit], found.bad)


def texts(
    config: RunConfig, folder: Path, rows: Rows, tokenizer: object, say: Say
) -> list[dict[str, list[int]]]:
    """Just as they would be trained on."""

    def log(event: Event) -> None:
        if isinstance(event, Log):
            say(event)

    return [*tokenized(Job(folder, "", config), rows, tokenizer, log)]


def questions(rows: Rows) -> list[Question]:
    """Of each row that ends with an answer, all that stands before it."""
    return [question for row in rows.usable if (question := _question(row)) is not None]


def _question(row: Row) -> Question | None:
    *before, last = row.messages
    if last.role != "assistant" or not before:
        return None
    return Question(row.path, row.line, [message.as_dict() for message in before], last.content)
