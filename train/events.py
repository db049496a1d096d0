"""What the training child tells its parent: one JSON object a line on stdout."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from qtune.core.text import Text, plain


@dataclass(frozen=True)
class Started:
    """The first optimizer step is about to run; `done` steps were taken by earlier runs."""

    steps: int
    done: int
    rows: int


@dataclass(frozen=True)
class Step:
    """A logged step. `loss` is the mean since the last one; `tokens` counts from the run's start.

    `memory` is the most, in bytes, that GPU or process have taken so far.
    """

    step: int
    epoch: float
    loss: float
    learning_rate: float
    grad_norm: float | None
    tokens: int
    time: float
    memory: int | None = None


@dataclass(frozen=True)
class Evaluated:
    """The loss on the rows that are kept out of training; metrics.jsonl has it as `eval_loss`."""

    step: int
    epoch: float
    eval_loss: float
    time: float


@dataclass(frozen=True)
class Progress:
    """How far something is that takes a while, before the first step or between two."""

    what: Text
    done: int
    total: int


@dataclass(frozen=True)
class Log:
    text: Text
    level: Literal["info", "warning"] = "info"


@dataclass(frozen=True)
class Saved:
    step: int
    path: str


@dataclass(frozen=True)
class Failed:
    """An error of the catalogue; the child then exits with 1."""

    code: str
    message: Text
    fix: Text | None


@dataclass(frozen=True)
class Crashed:
    """A bug of qtune's or a library's; the child then exits with 3."""

    traceback: str


@dataclass(frozen=True)
class Done:
    """`steps` in all, with those of earlier runs; `loss` of the last logged step."""

    steps: int
    loss: float | None
    output_dir: str


Event = Started | Step | Evaluated | Progress | Log | Saved | Failed | Crashed | Done
Say = Callable[[Event], None]
NAMES: dict[str, type[Event]] = {
    "started": Started,
    "step": Step,
    "evaluated": Evaluated,
    "progress": Progress,
    "log": Log,
    "saved": Saved,
    "error": Failed,
    "crash": Crashed,
    "done": Done,
}


def encode(event: Event) -> str:
    name = next(name for name, kind in NAMES.items() if isinstance(event, kind))
    fields = {key: _plain(value) for key, value in vars(event).items()}
    return json.dumps({"event": name, **fields})


def decode(line: str) -> Event:
    """Whatever is not an event (a library's own print) is a line of the log."""
    try:
        read = json.loads(line)
        if isinstance(read, Mapping):
            return _event(read)
    except (ValueError, KeyError, TypeError, RecursionError):
        pass
    return Log(plain(line.rstrip("\r\n")))


def _event(read: Mapping[str, object]) -> Event:
    fields = {key: value for key, value in read.items() if key != "event"}
    for key in ("text", "message", "fix", "what"):
        value = fields.get(key)
        if isinstance(value, Mapping):
            fields[key] = Text(str(value["en"]), str(value["zh"]))
    kind = NAMES[str(read["event"])]
    event = kind(**fields)  # type: ignore[arg-type]
    if isinstance(event, Log) and not isinstance(event.text, Text):
        raise TypeError("a log event without its text")
    return event


def _plain(value: object) -> object:
    if isinstance(value, Text):
        return {"en": value.en, "zh": value.zh}
    if isinstance(value, float) and not math.isfinite(value):
        return None  # JSON has no NaN
    return value
