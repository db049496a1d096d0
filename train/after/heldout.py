"""The rows a model is measured on, as texts with a loss and as questions with an expected answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from qtune.core import runconfig
from qtune.core.data.values import Completion, Conversation, Judged, Passage, Preference, Value
from qtune.core.runconfig import DataSource, RunConfig
from qtune.train import data
from qtune.train.after.events import Say
from qtune.train.causes import failure
from qtune.train.data import Row, Rows
from qtune.train.events import Event, Log
from qtune.train.job import Job
from qtune.train.shares import shares
from qtune.train.texts import tokenized


@dataclass(frozen=True)
class Question:
    """`messages` lead up to the answer that is expected, `reference`; `prompt` is plain text instead."""

    path: Path
    line: int
    messages: Sequence[Mapping[str, object]]
    reference: str
    tools: Sequence[Mapping[str, object]] = ()
    prompt: str = ""


def config_of(options: Mapping[str, Any]) -> RunConfig:
    """`places` say where the data lie: a config names a dataset repository by its id alone."""
    config = runconfig.restore(options["config"])

    def each(sources: Sequence[DataSource], key: str) -> tuple[DataSource, ...]:
        paths = options["places"][key]
        return tuple(replace(s, path=Path(p)) for s, p in zip(sources, paths, strict=True))

    return replace(
        config, data=each(config.data, "data"), eval_data=each(config.eval_data, "eval_data")
    )


def rows(config: RunConfig, *, held_out: bool, limit: int | None) -> tuple[Rows, RunConfig]:
    """What the run kept out of training, or all of the config's data, as what is to be written; and the
    config that reads them so. Of two answers the better one counts, of answers that were judged the good.

    Raises TrainError for rows that cannot be used.
    """
    found = _held_out(config) if held_out else _whole(config)
    made = [
        Row(row.path, row.line, value) for row in found.usable if (value := _written(row.value))
    ]
    plain = bool(made) and all(isinstance(row.value, Passage) for row in made)
    read = replace(config, method="pt" if plain else "sft")
    return Rows(tuple(made[:limit]), found.bad), read


def _held_out(config: RunConfig) -> Rows:
    kept = shares(config).evaluation
    if kept is None:
        raise failure("TRN105")
    return kept


def _whole(config: RunConfig) -> Rows:
    """As the run's own method reads them, or as another does where that finds nothing it can use."""
    own = "sft" if config.method == "reward" else config.method
    first = data.read(config.data, own, 1.0)
    for how in (own, "sft", "dpo", "kto", "pt"):
        found = first if how == own else data.read(config.data, how, 1.0)
        if found.total and len(found.bad) <= config.max_unusable * found.total:
            return found
    data.judge(first, config.max_unusable)
    return first


def _written(value: Value) -> Value | None:
    if isinstance(value, Preference):
        return Conversation((*value.prompt, *value.chosen), value.tools)
    if isinstance(value, Judged):
        both = (*value.prompt, *value.completion)
        return Conversation(both, value.tools) if value.label else None
    return value


def texts(
    config: RunConfig, folder: Path, rows: Rows, tokenizer: Any, say: Say
) -> list[dict[str, list[int]]]:
    """Just as they would be trained on."""

    def log(event: Event) -> None:
        if isinstance(event, Log):
            say(event)

    return list(tokenized(Job(folder, "", config), rows, tokenizer, log))


def questions(rows: Rows) -> list[Question]:
    """Of each row that ends with an answer, all that stands before it."""
    return [question for row in rows.usable if (question := _question(row)) is not None]


def _question(row: Row) -> Question | None:
    value = row.value
    if isinstance(value, Completion):
        return Question(row.path, row.line, (), value.completion, prompt=value.prompt)
    if not isinstance(value, Conversation) or len(value.messages) < 2:
        return None
    *before, last = value.messages
    if last.role != "assistant" or last.tool_calls:
        return None
    asked = [message.as_dict() for message in before]
    return Question(row.path, row.line, asked, last.content, value.tools)
