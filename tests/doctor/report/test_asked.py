"""A report says which command made it and what of: a page of CI on which `qtune check` ran names the files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from qtune.core.errors import UsageError
from qtune.core.text import Lang, plain
from qtune.doctor.facts import Facts, Goal
from qtune.doctor.report import github, gitlab, html, junit, markdown
from qtune.doctor.report.areas import standing
from qtune.doctor.report.asked import CHECK, DOCTOR, subject
from qtune.doctor.report.formats import renderer
from qtune.doctor.report.paths import relocated
from qtune.doctor.report.view import View
from tests.doctor.report import worlds
from tests.doctor.report.test_gitlab import rows
from tests.doctor.report.test_junit import case, parsed
from tests.markup import tree

ALL = ".env, conf/tokens.yaml, tokens.huggingface.yaml, notes.txt"


def test_junit_calls_its_suites_and_classes_by_the_command() -> None:
    root = parsed(junit.render(worlds.checked(), 1, "en"))
    assert root.get("name") == "qtune check"
    assert [suite.get("name") for suite in root] == ["qtune check: files", "qtune check: findings"]
    classes = {item.get("classname") for item in root.iter("testcase")}
    assert classes == {"qtune.check.files", "qtune.check.ENV", "qtune.check.CFG"}
    told = {row.get("name"): row.get("value") for row in root.iter("property")}
    assert (told["goal"], told["files"]) == ("check", ALL.replace(",", ""))
    assert "model" not in told
    doctors = parsed(junit.render(worlds.bad_token(), 1, "en"))
    assert doctors.get("name") == "qtune doctor"
    assert {row.get("name"): row.get("value") for row in doctors.iter("property")}["model"]


def test_no_file_passes_for_the_check_that_is_called_as_it_is() -> None:
    """`tokens.huggingface` is a check of the doctor, and nobody looked at tokens here."""
    report = worlds.checked()
    root = parsed(junit.render(report, 1, "en"))
    assert len(case(root, "tokens.huggingface.yaml")) == 0
    assert [item for item in root.iter("testcase") if item.get("name") == "TOK"] == []
    assert "tokens" not in {name for _, name in standing(report, View())}
    assert (
        markdown.render(report, 1, "en").count("| `tokens.huggingface.yaml` | made | 3 |  |") == 1
    )


def test_github_ends_with_the_command() -> None:
    text = github.render(worlds.checked(), 1, "en")
    assert text.endswith("\nqtune check: errors: 2, warnings: 0, notes: 0; exit 1\n")
    assert "qtune doctor:" in github.render(worlds.well(), 0, "en")


@pytest.mark.parametrize(
    ("lang", "words"), [("en", "judged by text alone"), ("zh", "仅检查文件内容")]
)
def test_markdown_and_its_summary_are_headed_by_the_files(lang: Lang, words: str) -> None:
    head = f"## qtune check: `{ALL.replace(', ', '` · `')}` · {words}"
    assert markdown.render(worlds.checked(), 1, lang).splitlines()[0] == head
    assert markdown.summary(worlds.checked(), lang).splitlines()[0] == head


def test_the_page_is_titled_and_headed_by_the_files() -> None:
    page = tree(html.render(worlds.checked(), 1, "en"))
    assert page.text("title") == f"qtune check: {ALL}"
    assert page.text("h1") == ALL
    assert page.of("brand")[0].words() == "qtune check"
    assert "All files" in [each.words() for each in page.every if each.tag == "h2"]
    (step,) = page.of("next")
    assert step.words() == "Next: qtune doctor --fix --unsafe-fixes"  # no '' for a model


def test_a_finding_without_a_place_stands_at_the_first_file() -> None:
    report = worlds.checked()
    facts = replace(report.facts, goal=Goal("check", "", files=("conf/tokens.yaml",)))
    listed = rows(gitlab.render(replace(report, facts=facts), 1, "en"))
    assert listed[1]["location"]["path"] == "conf/tokens.yaml"


def test_many_files_are_counted() -> None:
    goal = Goal("check", "", files=tuple(f"{n}.jsonl" for n in range(7)))
    assert subject(goal, "en") == ([f"{n}.jsonl" for n in range(5)], "2 more")
    assert subject(goal, "zh")[1] == "另有 2 个文件"
    assert subject(replace(goal, files=goal.files[:5]), "en")[1] == ""
    assert subject(Goal("check", ""), "en") == ([""], "")


def test_the_files_are_named_by_their_place_in_the_checkout() -> None:
    report = replace(worlds.checked(), facts=Facts(Goal("check", "", files=("a.yaml", "/etc/x"))))
    there = relocated(report, Path("/src"), Path("/src/sub"))
    assert there.facts.goal.files == ("sub/a.yaml", "/etc/x")


@pytest.mark.parametrize("name", ["junit", "github", "gitlab", "markdown"])
def test_what_kept_a_command_from_judging_is_told_in_its_name(name: str) -> None:
    for error in (UsageError("CFG092", plain("there is no file x")), KeyError("x")):
        said = renderer(name).failed(error, 2, "en", command=CHECK)
        assert DOCTOR not in said and "qtune-doctor" not in said
        assert DOCTOR in renderer(name).failed(error, 2, "en") or name == "gitlab"


def test_so_it_is_on_a_page() -> None:
    page = tree(html.failed(UsageError("CFG092", plain("no file x")), 2, "en", command=CHECK))
    assert (page.text("title"), page.of("brand")[0].words()) == (CHECK, CHECK)


@pytest.mark.parametrize("name", ["junit", "github", "gitlab", "markdown"])
def test_the_doctor_is_named_nowhere_but_in_what_mends(name: str) -> None:
    said = renderer(name).render(worlds.checked(), 1, "en").replace("qtune doctor --fix", "")
    assert "qtune.doctor" not in said and "qtune-doctor" not in said
    assert DOCTOR not in said
