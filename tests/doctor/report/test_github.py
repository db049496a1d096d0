"""Workflow commands, read back as GitHub's runner reads them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from qtune.core.errors import ConfigError
from qtune.core.text import plain
from qtune.doctor.finding import Finding, Severity, Span
from qtune.doctor.outcome import Report
from qtune.doctor.report.github import failed, render
from qtune.doctor.report.words import paragraph
from tests.doctor.build import healthy
from tests.doctor.report import hostile, worlds


@dataclass(frozen=True)
class Command:
    name: str
    properties: dict[str, str]
    message: str


def commands(text: str) -> list[Command]:
    """Every line that the runner takes for a command; only the last line is none."""
    *lines, last = text.removesuffix("\n").split("\n")
    assert re.match(r"qtune (doctor|check): ", last)
    assert "::" not in last and "##[" not in last
    return [command(line) for line in lines]


def command(line: str) -> Command:
    assert line.startswith("::")
    head, found, message = line[2:].partition("::")
    assert found
    name, _, listed = head.partition(" ")
    properties = dict(pair.split("=", 1) for pair in listed.split(","))
    for key, value in properties.items():
        for coded, plain_ in (
            ("%3A", ":"),
            ("%2C", ","),
            ("%0D", "\r"),
            ("%0A", "\n"),
            ("%25", "%"),
        ):
            value = value.replace(coded, plain_)
        properties[key] = value
    for coded, plain_ in (("%0D", "\r"), ("%0A", "\n"), ("%25", "%")):
        message = message.replace(coded, plain_)
    return Command(name, properties, message)


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("world", hostile.WORLDS, ids=lambda world: world.__name__)
def test_every_finding_is_one_annotation(world: Callable[[], Report], lang: str) -> None:
    report = world()
    found = commands(render(report, 1, lang))[: len(report.findings)]  # type: ignore[arg-type]
    kinds = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}
    assert [c.name for c in found] == [kinds[f.severity] for f in report.findings]
    for finding, annotation in zip(report.findings, found, strict=True):
        assert annotation.message == paragraph(finding, lang)  # type: ignore[arg-type]
        assert annotation.properties["title"].startswith(finding.code + " ")
        allowed = {"title", "file", "line", "endLine", "col", "endColumn"}
        assert set(annotation.properties) <= allowed
        assert ("file" in annotation.properties) == (finding.span is not None)


def test_hostile_words_stay_within_their_annotation() -> None:
    text = render(hostile.report(), 1, "en")
    names = {line[2:].split(" ")[0] for line in text.splitlines()[:-1]}
    assert names == {"error", "warning", "notice"}


def test_a_place_has_its_line_and_columns() -> None:
    (token, *_) = commands(render(worlds.bad_token(), 1, "en"))
    assert token.properties == {
        "file": "/project/.env", "line": "3", "endLine": "3", "col": "1", "endColumn": "47",
        "title": "TOK303 token-not-accepted",
    }  # fmt: skip


def test_columns_are_left_out_over_several_lines() -> None:
    finding = Finding("CFG001", Severity.ERROR, plain("x"), span=Span("a,b:c.yaml", 2, 3, 4, 5))
    (only, *_) = commands(render(worlds.report(healthy(), finding), 1, "en"))
    assert only.properties["file"] == "a,b:c.yaml"
    assert (only.properties["line"], only.properties["endLine"]) == ("2", "4")
    assert "col" not in only.properties and "endColumn" not in only.properties


def test_what_could_not_be_looked_at_is_told() -> None:
    speed = commands(render(worlds.bad_token(), 1, "en"))[-1]
    assert (speed.name, speed.message) == ("warning", "could not look: timed out after 12 s")
    (crashed,) = [c for c in commands(render(worlds.crashed(), 3, "en")) if c.name == "error"]
    assert crashed.properties["title"] == "disk"
    assert "ZeroDivisionError" in crashed.message


def test_a_clean_report_is_not_empty() -> None:
    assert render(worlds.well(), 0, "en").endswith(
        "qtune doctor: errors: 0, warnings: 0, notes: 0; exit 0\n"
    )


@pytest.mark.parametrize("error", [ConfigError("ENV812", plain("a\n::b")), KeyError("\n::x")])
def test_an_examination_that_failed_is_one_error(error: Exception) -> None:
    (only,) = commands(failed(error, 2, "en"))
    assert only.name == "error"


def test_what_was_left_out_is_told_once_for_each_reason() -> None:
    (only,) = commands(render(worlds.offline(), 0, "en"))
    assert only.name == "notice"
    assert only.message.startswith("left out (--offline): reach.modelscope, ")
