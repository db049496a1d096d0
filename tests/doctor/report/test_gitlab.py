"""GitLab's code quality report, by the fields that its documentation requires."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import jsonschema
import pytest

from qtune.core.errors import ConfigError
from qtune.core.text import plain
from qtune.doctor.outcome import Report
from qtune.doctor.report.gitlab import failed, render
from tests.doctor.report import hostile, worlds

TEXT = {"type": "string", "minLength": 1}
LINE = {"type": "integer", "minimum": 1}


def strict(**properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


# https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format
SCHEMA = {
    "type": "array",
    "items": strict(
        description=TEXT,
        check_name=TEXT,
        fingerprint=TEXT,
        severity={"enum": ["info", "minor", "major", "critical", "blocker"]},
        location=strict(path=TEXT, lines=strict(begin=LINE, end=LINE)),
    ),
}


def rows(text: str) -> list[dict[str, Any]]:
    assert not text.startswith("\ufeff")  # GitLab refuses a byte order mark
    listed: list[dict[str, Any]] = json.loads(text)
    jsonschema.validate(listed, SCHEMA)
    marks = [row["fingerprint"] for row in listed]
    assert len(set(marks)) == len(marks)
    return listed


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("world", hostile.WORLDS, ids=lambda world: world.__name__)
def test_every_world_has_all_that_gitlab_requires(world: Callable[[], Report], lang: str) -> None:
    report = world()
    listed = rows(render(report, 1, lang))  # type: ignore[arg-type]
    assert len(listed) >= len(report.findings)
    for finding, row in zip(report.findings, listed, strict=False):
        assert row["description"].startswith(finding.code)


def test_a_finding_stands_at_its_line() -> None:
    token, mode, speed = rows(render(worlds.bad_token(), 1, "en"))
    assert token["check_name"] == "TOK303 token-not-accepted"
    assert (token["severity"], mode["severity"]) == ("critical", "minor")
    assert token["location"] == {"path": "/project/.env", "lines": {"begin": 3, "end": 3}}
    assert speed["description"] == "speed.huggingface: could not look: timed out after 12 s"


def test_a_crash_is_not_a_clean_report() -> None:
    (crashed,) = rows(render(worlds.crashed(), 3, "en"))
    assert crashed["severity"] == "critical"
    assert "ZeroDivisionError" in crashed["description"]


def test_nothing_found_is_an_empty_list() -> None:
    assert rows(render(worlds.well(), 0, "en")) == []


@pytest.mark.parametrize("error", [ConfigError("ENV812", plain("cannot")), KeyError("x")])
def test_an_examination_that_failed_is_one_row(error: Exception) -> None:
    (only,) = rows(failed(error, 2, "en"))
    assert only["severity"] == "critical"


def test_what_was_left_out_is_one_row_for_each_reason() -> None:
    (only,) = rows(render(worlds.offline(), 0, "en"))
    assert (only["check_name"], only["severity"]) == ("check-skipped", "info")
    assert only["description"].startswith("left out (--offline): reach.modelscope, ")
