"""SARIF: the official schema of 2.1.0, and what its readers need."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import jsonschema
import pytest

from qtune.core.errors import ConfigError
from qtune.core.secret import Secret
from qtune.core.text import plain
from qtune.doctor.finding import Applicability, Edit, Finding, Fix, Severity, Span
from qtune.doctor.outcome import Report
from qtune.doctor.report.sarif import failed, render
from tests.doctor.build import ENV, healthy
from tests.doctor.report import hostile, worlds

OFFICIAL = json.loads((Path(__file__).parent / "schemas/sarif-2.1.0-rtm.5.json").read_text("utf-8"))
VALIDATOR = jsonschema.Draft4Validator(OFFICIAL)


def run(text: str) -> dict[str, Any]:
    """The one run of a document that the schema allows, whose references lead somewhere."""
    document = json.loads(text)
    VALIDATOR.validate(document)
    (only,) = document["runs"]
    rules = only["tool"]["driver"]["rules"]
    for result in only["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        for location in result["locations"]:
            parts = urlsplit(location["physicalLocation"]["artifactLocation"]["uri"])
            assert parts.scheme in ("", "file") and not parts.query and not parts.fragment
            region = location["physicalLocation"].get("region", {"startLine": 1})
            assert region["startLine"] >= 1
    return dict(only)


def of(*findings: Finding) -> dict[str, Any]:
    return run(render(worlds.report(healthy(), *findings), 1, "en"))


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("world", hostile.WORLDS, ids=lambda world: world.__name__)
def test_every_world_validates(world: Callable[[], Report], lang: str) -> None:
    report = world()
    only = run(render(report, 1, lang))  # type: ignore[arg-type]
    assert len(only["results"]) == len(report.findings)
    assert only["invocations"][0]["exitCode"] == 1
    marks = [result["partialFingerprints"]["qtune/v1"] for result in only["results"]]
    assert len(set(marks)) == len(marks)


def test_the_schema_would_notice() -> None:
    document = json.loads(render(worlds.bad_token(), 1, "en"))
    document["runs"][0]["results"][0]["level"] = "fatal"
    assert not VALIDATOR.is_valid(document)


def test_a_result_has_its_rule_its_page_and_its_place() -> None:
    only = run(render(worlds.bad_token(), 1, "en"))
    token, mode = only["results"]
    assert (token["ruleId"], token["level"], mode["level"]) == ("TOK303", "error", "warning")
    assert token["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "file:///project/.env"},
        "region": {"startLine": 3, "startColumn": 1, "endLine": 3, "endColumn": 47},
    }
    rule = only["tool"]["driver"]["rules"][0]
    assert rule["name"] == "token-not-accepted"
    assert rule["defaultConfiguration"]["level"] == "error"
    assert rule["help"]["markdown"].startswith("# TOK303 token-not-accepted")


def test_what_is_about_no_file_stands_at_the_top_of_the_one_that_decides() -> None:
    def place(report: Report) -> str:
        result = run(render(report, 1, "en"))["results"][0]
        return str(result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"])

    finding = Finding("NET102", Severity.ERROR, plain("no way"))
    facts = healthy()
    assert place(worlds.report(facts, finding)) == "file:///project/.env"
    config = replace(facts, goal=replace(facts.goal, run_config="my runs/sft.yaml"))
    assert place(worlds.report(config, finding)) == "my%20runs/sft.yaml"


def test_a_place_without_an_end_is_the_whole_line() -> None:
    finding = Finding("ENV805", Severity.ERROR, plain("x"), span=Span(str(ENV), 4, 1, 4, 1))
    region = of(finding)["results"][0]["locations"][0]["physicalLocation"]["region"]
    assert region == {"startLine": 4}


def test_a_whole_file_is_its_first_line() -> None:
    finding = Finding("ENV802", Severity.ERROR, plain("x"), span=Span(str(ENV), 0, 0))
    region = of(finding)["results"][0]["locations"][0]["physicalLocation"]["region"]
    assert region == {"startLine": 1}


def test_applying_a_fix_mends_the_file() -> None:
    text = "# mine\nUSE_MODELSCOP=True\n"
    edit = Edit(Span(".env", 2, 1, 2, 14), "USE_MODELSCOPE")
    fix = Fix(plain("Rename"), Applicability.SAFE, edits=(edit,))
    result = of(Finding("ENV804", Severity.WARNING, plain("typo"), fix=fix))["results"][0]
    (change,) = result["fixes"][0]["artifactChanges"]
    assert unquote(change["artifactLocation"]["uri"]) == ".env"
    (replacement,) = change["replacements"]
    region, lines = replacement["deletedRegion"], text.splitlines(keepends=True)
    line = lines[region["startLine"] - 1]
    lines[region["startLine"] - 1] = (
        line[: region["startColumn"] - 1]
        + replacement["insertedContent"]["text"]
        + line[region["endColumn"] - 1 :]
    )
    assert "".join(lines) == "# mine\nUSE_MODELSCOPE=True\n"


def test_an_edit_that_would_have_to_be_masked_is_left_out() -> None:
    secret = Secret("zq6-canary-0123456789").reveal()
    edit = Edit(Span(".env", 1, 1, 1, 2), f"HF_TOKEN={secret}")
    fix = Fix(plain("x"), Applicability.SAFE, edits=(edit,))
    result = of(Finding("ENV804", Severity.WARNING, plain("x"), fix=fix))["results"][0]
    assert "fixes" not in result


def test_what_follows_names_its_cause_and_its_place() -> None:
    cause = Finding("ENV805", Severity.ERROR, plain("cause"), span=Span(".env", 2))
    effect = Finding("HUB203", Severity.ERROR, plain("effect"), because="ENV805")
    result = of(cause, effect)["results"][1]
    assert result["properties"]["because"] == "ENV805"
    (related,) = result["relatedLocations"]
    assert related["physicalLocation"]["region"] == {"startLine": 2}


def test_what_could_not_be_looked_at_is_a_notification() -> None:
    unknown = run(render(worlds.bad_token(), 1, "en"))["invocations"][0]
    assert unknown["executionSuccessful"] is True
    (note,) = unknown["toolExecutionNotifications"]
    assert note["level"] == "warning"
    assert note["message"]["text"] == "speed.huggingface: could not look: timed out after 12 s"
    crashed = run(render(worlds.crashed(), 3, "en"))["invocations"][0]
    assert crashed["executionSuccessful"] is False
    (note,) = [n for n in crashed["toolExecutionNotifications"] if n["level"] == "error"]
    assert "ZeroDivisionError" in note["message"]["text"]


def test_no_words_become_a_link_or_a_place_to_fill() -> None:
    finding = Finding("HUB200", Severity.ERROR, plain("[a](https://evil.example) {0}"))
    text = of(finding)["results"][0]["message"]["text"]
    assert "](" not in text
    assert text.endswith("{{0}}")


@pytest.mark.parametrize(
    ("error", "results"),
    [(ConfigError("ENV812", plain("cannot read .env")), 1), (KeyError("x"), 0)],
)
def test_an_examination_that_failed_is_a_whole_log(error: Exception, results: int) -> None:
    only = run(failed(error, 2, "en"))
    assert len(only["results"]) == results
    (invocation,) = only["invocations"]
    assert invocation["executionSuccessful"] is False
    assert invocation["exitCode"] == 2
    assert invocation["toolExecutionNotifications"][0]["level"] == "error"
