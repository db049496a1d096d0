"""JSON lines: the JSON document, event by event."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from qtune.core.errors import ConfigError
from qtune.core.text import plain
from qtune.doctor.outcome import Report
from qtune.doctor.report import json as whole
from qtune.doctor.report.jsonl import failed, render
from qtune.doctor.report.words import writable
from tests.doctor.report import hostile, worlds
from tests.doctor.report.test_json import validated


def events(text: str) -> list[dict[str, Any]]:
    assert text.endswith("\n") and "\n\n" not in text
    listed = [json.loads(line) for line in text.splitlines()]
    assert listed[0]["event"] == "start"
    assert listed[-1]["event"] == "end"
    return listed


def joined(listed: list[dict[str, Any]]) -> dict[str, Any]:
    """The document that the events tell, which must be the one of --format json."""
    document: dict[str, Any] = {"checks": [], "findings": [], "recommended_env": {}}
    for event in listed:
        kind = event.pop("event")
        if kind == "check":
            document["checks"].append(event)
        elif kind == "finding":
            document["findings"].append(event)
        elif kind == "advice":
            document["recommended_env"][event.pop("key")] = event
        else:
            event.pop("started", None)
            document |= event
    return document


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("world", hostile.WORLDS, ids=lambda world: world.__name__)
def test_the_events_together_are_the_json_document(world: Callable[[], Report], lang: str) -> None:
    report = world()
    document = joined(events(render(report, 1, lang)))  # type: ignore[arg-type]
    expected = writable(whole.render(report, 1, lang))  # type: ignore[arg-type]
    assert document == json.loads(expected)


def test_they_make_a_document_that_the_published_schema_allows() -> None:
    validated(json.dumps(joined(events(render(worlds.bad_token(), 1, "en")))))


def test_the_order_is_that_of_the_work() -> None:
    kinds = [event["event"] for event in events(render(worlds.bad_token(), 1, "en"))]
    assert kinds == sorted(kinds, key=["start", "check", "finding", "advice", "facts", "end"].index)


@pytest.mark.parametrize("error", [ConfigError("ENV812", plain("a\u2028b\nc")), KeyError("x")])
def test_an_examination_that_failed_ends_with_its_exit_code(error: Exception) -> None:
    listed = events(failed(error, 2, "en"))
    assert listed[-1]["exit"] == 2
    document = validated(json.dumps(joined(listed)))
    assert len(document["findings"]) == isinstance(error, ConfigError)
