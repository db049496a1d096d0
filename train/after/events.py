"""What the child that holds the model tells its parent: one JSON object a line on stdout."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from qtune.core.text import Text
from qtune.train import events
from qtune.train.events import Crashed, Failed, Log

Side = Literal["tuned", "base"]
Stopped = Literal["end", "length", "asked", "full"]


@dataclass(frozen=True)
class Loaded:
    """The model stands, and waits."""


@dataclass(frozen=True)
class Piece:
    """Some more text of an answer."""

    side: Side
    text: str
    thinking: bool = False


@dataclass(frozen=True)
class Answered:
    """An answer is over: the model ended it, it grew too long, it was asked to stop, or the
    conversation is longer than what the model can read (`full`)."""

    side: Side
    tokens: int
    seconds: float
    stopped: Stopped


@dataclass(frozen=True)
class Began:
    task: str
    total: int


@dataclass(frozen=True)
class Went:
    """So many more of the task's `total` are done."""

    amount: int


@dataclass(frozen=True)
class Result:
    values: Mapping[str, Any]


Event = Loaded | Piece | Answered | Began | Went | Result | Log | Failed | Crashed
Say = Callable[[Event], None]
_NAMES: dict[str, type[Any]] = {
    "loaded": Loaded,
    "piece": Piece,
    "answered": Answered,
    "began": Began,
    "went": Went,
    "result": Result,
}


def encode(event: Event) -> str:
    if isinstance(event, Log | Failed | Crashed):
        return events.encode(event)
    name = next(name for name, kind in _NAMES.items() if isinstance(event, kind))
    return json.dumps({"event": name, **vars(event)})


def decode(line: str) -> Event:
    """Whatever is not an event (a library's own print) is a line of the log."""
    try:
        read = json.loads(line)
        if isinstance(read, dict) and read.get("event") in _NAMES:
            event: Event = _NAMES[str(read.pop("event"))](**read)
            return event
    except (ValueError, TypeError, RecursionError):
        pass
    other = events.decode(line)
    if isinstance(other, Log | Failed | Crashed):
        return other
    return Log(Text(line, line))
