"""The snippets of docs/ci.md: well-formed, the same in both languages, and commands that qtune understands."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
import yaml

from qtune.cli import group
from qtune.doctor.named import is_name
from qtune.doctor.report.formats import FORMATS
from qtune.doctor.suppression import project

DOCS = Path(__file__).parents[2] / "docs"
PAGES = (DOCS / "ci.md", DOCS / "ci.zh.md")


def fences(page: Path) -> list[tuple[str, str]]:
    return re.findall(r"^```(\w+)\n(.*?)^```", page.read_text("utf-8"), re.M | re.S)


def test_both_languages_have_the_same_snippets() -> None:
    english, chinese = map(fences, PAGES)
    assert english == chinese
    assert len(english) > 5


def commands() -> list[str]:
    found = [line.strip().removeprefix("- run: ").removeprefix("- ") for _, text in fences(PAGES[0])
             for line in text.splitlines() if "qtune doctor" in line]  # fmt: skip
    return sorted(set(found))


@pytest.mark.parametrize("line", commands())
def test_qtune_understands_every_command(line: str) -> None:
    words = shlex.split(line.partition(">")[0])
    assert words[:2] == ["qtune", "doctor"]
    command = group.get_command(group.make_context("qtune", ["doctor"]), "doctor")
    assert command is not None
    context = command.make_context("doctor", words[2:])
    assert context.params["target"] in ("sft.yaml", "")


def test_the_workflows_are_yaml_whose_artifacts_are_what_the_commands_write() -> None:
    for kind, text in fences(PAGES[0]):
        if kind != "yaml":
            continue
        document = yaml.safe_load(text)
        assert isinstance(document, dict)
        for written in re.findall(r"> (\S+)$", text, re.M):
            assert f": {written}\n" in text


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_format_is_in_the_table(page: Path) -> None:
    rows = re.findall(r"^\| `(\w+)` \|", page.read_text("utf-8"), re.M)
    assert rows == [
        "text",
        "json",
        "jsonl",
        "github",
        "sarif",
        "gitlab",
        "junit",
        "markdown",
        "html",
    ]
    assert set(rows) == {"text", *FORMATS}


def test_the_table_for_pyproject_is_one_that_qtune_reads_without_a_complaint() -> None:
    (text,) = [text for kind, text in fences(PAGES[0]) if kind == "toml"]
    file = project.read(text, Path("pyproject.toml"), is_name)
    assert file.problems == ()
    assert {*file.values, "ignore", "skip", "strict"} == set(project.KEYS)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_actions_inputs_and_the_templates_variables_are_all_told(page: Path) -> None:
    text = page.read_text("utf-8")
    action = yaml.safe_load((DOCS.parent / "action.yml").read_text("utf-8"))
    template = yaml.safe_load((DOCS.parent / "ci/gitlab.yml").read_text("utf-8"))
    names = (*action["inputs"], *action["outputs"], *template[".qtune-doctor"]["variables"])
    assert [name for name in names if f"`{name}`" not in text and f"{name}: " not in text] == []
    hooks = yaml.safe_load((DOCS.parent / ".pre-commit-hooks.yaml").read_text("utf-8"))
    assert [hook["id"] for hook in hooks if f"- id: {hook['id']}\n" not in text] == []
