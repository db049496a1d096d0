"""The child's lines come out as events; whatever else is printed is a line of the log."""

from __future__ import annotations

import pytest

from qtune.core.text import Text, plain
from qtune.train.events import (
    Crashed,
    Done,
    Event,
    Failed,
    Log,
    Saved,
    Started,
    Step,
    decode,
    encode,
)

TEXT = Text("a\nb", "甲\n乙")


@pytest.mark.parametrize(
    "event",
    [
        Started(10, 0, 5),
        Step(1, 0.5, 2.25, 1e-4, None, 100, 1.5),
        Log(TEXT, "warning"),
        Saved(3, "/x/checkpoint-3"),
        Failed("TRN001", TEXT, None),
        Failed("TRN001", TEXT, Text("do", "做")),
        Crashed("Traceback\n  …"),
        Done(10, None, "/x"),
    ],
)
def test_an_event_survives_the_pipe_in_one_ascii_line(event: Event) -> None:
    line = encode(event)
    assert line.isascii() and "\n" not in line
    assert decode(line) == event


@pytest.mark.parametrize(
    "line",
    [
        "Loading weights: 100%",
        "",
        "{",
        "null",
        "[1]",
        '"event"',
        "{}",
        '{"event": "nonsense"}',
        '{"event": "step"}',
        '{"event": "step", "unknown": 1}',
        '{"event": "log", "text": "no text object"}',
        '{"event": "log", "text": {"en": "half"}}',
        '{"event": ["step"]}',
        "[" * 100_000,
        "9" * 10_000,
    ],
)
def test_a_line_that_is_no_event_is_kept_as_it_is(line: str) -> None:
    assert decode(line + "\n") == Log(plain(line))
