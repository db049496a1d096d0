"""JUnit XML: its structure, and a reader of others."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import pytest

from qtune.core.errors import ConfigError
from qtune.core.text import plain
from qtune.doctor.outcome import Report
from qtune.doctor.report.junit import failed, render
from tests.doctor.report import hostile, worlds

# Element -> its attributes, and the elements that may stand in it: what Jenkins' and GitLab's readers share.
STRUCTURE: dict[str, tuple[set[str], set[str]]] = {
    "testsuites": ({"name", "tests", "failures", "errors", "time"}, {"testsuite"}),
    "testsuite": (
        {"name", "tests", "failures", "errors", "skipped", "time", "timestamp"},
        {"properties", "testcase"},
    ),
    "properties": (set(), {"property"}),
    "property": ({"name", "value"}, set()),
    "testcase": (
        {"classname", "name", "time"},
        {"failure", "error", "skipped", "system-out"},
    ),
    "failure": ({"type", "message"}, set()),
    "error": ({"type", "message"}, set()),
    "skipped": ({"type", "message"}, set()),
    "system-out": (set(), set()),
}


def parsed(text: str) -> Element:
    root = ElementTree.fromstring(text)
    assert root.tag == "testsuites"
    for element in root.iter():
        attributes, children = STRUCTURE[element.tag]
        assert set(element.keys()) <= attributes
        assert {child.tag for child in element} <= children
        assert len(element.findall("failure")) + len(element.findall("error")) <= 1
    for suite in root:
        cases = suite.findall("testcase")
        assert int(suite.get("tests", "")) == len(cases)
        for key, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            assert int(suite.get(key, "")) == sum(case.find(tag) is not None for case in cases)
        assert all(float(case.get("time", "")) >= 0 for case in cases)
    for key in ("tests", "failures", "errors"):
        assert int(root.get(key, "")) == sum(int(suite.get(key, "")) for suite in root)
    return root


def case(root: Element, name: str) -> Element:
    return next(case for case in root.iter("testcase") if case.get("name") == name)


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("world", hostile.WORLDS, ids=lambda world: world.__name__)
def test_every_world_is_well_built(world: Callable[[], Report], lang: str) -> None:
    report = world()
    root = parsed(render(report, 1, lang))  # type: ignore[arg-type]
    errors = sum(finding.severity == "error" for finding in report.findings)
    assert len(list(root.iter("failure"))) == errors
    crashed = sum(check.state == "crashed" for check in report.checks)
    assert len(list(root.iter("error"))) == crashed
    unmade = sum(check.state in ("skipped", "unknown") for check in report.checks)
    assert len(list(root.iter("skipped"))) == unmade


@pytest.mark.parametrize("world", hostile.WORLDS, ids=lambda world: world.__name__)
def test_a_reader_of_others_counts_the_same(world: Callable[[], Report], tmp_path: Path) -> None:
    junitparser = pytest.importorskip("junitparser")  # in [dev]
    path = tmp_path / "report.xml"
    path.write_text(render(world(), 1, "zh"), "utf-8")
    root = parsed(path.read_text("utf-8"))
    read = junitparser.JUnitXml.fromfile(str(path))
    counted = {"tests": 0, "failures": 0, "errors": 0}
    names = []
    for suite in read:
        before = {key: getattr(suite, key) for key in counted}
        suite.update_statistics()
        for key in counted:
            assert getattr(suite, key) == before[key]
            counted[key] += before[key]
        names += [item.name for item in suite]
    assert {key: int(root.get(key, "")) for key in counted} == counted
    assert names == [item.get("name") for item in root.iter("testcase")]


def test_an_error_fails_and_a_warning_passes_with_its_words() -> None:
    root = parsed(render(worlds.bad_token(), 1, "en"))
    failure = case(root, "TOK303 token-not-accepted [huggingface]").find("failure")
    assert failure is not None
    assert failure.get("type") == "TOK303"
    assert "does not accept the token" in (failure.text or "")
    warning = case(root, "ENV806 env-readable-by-others")
    assert [child.tag for child in warning] == ["system-out"]
    assert "others on this machine may read it" in (warning[0].text or "")


def test_a_family_that_was_judged_and_found_well_passes() -> None:
    root = parsed(render(worlds.well(), 0, "en"))
    assert len(case(root, "NET")) == 0
    names = [
        case.get("name") for case in parsed(render(worlds.offline(), 0, "en")).iter("testcase")
    ]
    assert "NET" not in names  # nothing was looked at


def test_a_check_tells_what_it_saw_or_why_it_did_not_look() -> None:
    root = parsed(render(worlds.bad_token(), 1, "en"))
    assert case(root, "disk").findtext("system-out") == "536.9 GB free at /cache"
    speed = case(root, "speed.huggingface").find("skipped")
    assert speed is not None
    assert (speed.get("type"), speed.get("message")) == (
        "unknown",
        "could not look: timed out after 12 s",
    )
    storage = case(root, "storage.huggingface").find("skipped")
    assert storage is not None and storage.get("message") == "because of TOK303"
    crashed = case(parsed(render(worlds.crashed(), 3, "en")), "disk").find("error")
    assert crashed is not None and "ZeroDivisionError" in crashed.get("message", "")


@pytest.mark.parametrize("error", [ConfigError("ENV812", plain("no\x00\x1b]]>")), KeyError("<&")])
def test_an_examination_that_failed_is_one_case_in_error(error: Exception) -> None:
    root = parsed(failed(error, 2, "en"))
    assert root.get("errors") == root.get("tests") == "1"
