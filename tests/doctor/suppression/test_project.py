"""`[tool.qtune.doctor]`: what counts, and every mistake with its line and nothing lost beside it."""

from __future__ import annotations

from pathlib import Path

import pytest

from qtune.doctor.suppression.project import ProjectFile, read

PATH = Path("/p/pyproject.toml")


def load(text: str) -> ProjectFile:
    return read(text, PATH, lambda name: name in ("speed", "HUB207"))


def test_all_keys() -> None:
    file = load(
        """
[project]
name = "x"

[tool.qtune.doctor]
ignore = [
  "HUB207",  # the office line
  'ENV804',
]
skip = ["speed"]
profile = "ci"
fail-on = "warning"
network-errors = "warn"
strict = true
"""
    )
    assert file.problems == ()
    assert [(s.codes, s.line, s.column, s.reason) for s in file.suppressions] == [
        (("HUB207",), 7, 3, "the office line"),
        (("ENV804",), 8, 3, ""),
    ]
    assert (file.skip, file.strict) == (("speed",), True)
    assert file.values == {"profile": "ci", "fail-on": "warning", "network-errors": "warn"}


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("[tool.qtune.doctor]\nfail-on = 'always'\n", 2, "fail-on must be one of"),
        ("[tool.qtune.doctor]\n\nignore = 'HUB207'\n", 3, "ignore must be a list"),
        ("[tool.qtune.doctor]\nignore = [1]\n", 2, "ignore must be a list"),
        ("[tool.qtune.doctor]\nstrict = 1\n", 2, "strict must be true or false"),
        ("[tool.qtune.doctor]\nskip = ['nope']\n", 2, "'nope' is none"),
        ("[tool.qtune.doctor]\nprofile = ['ci']\n", 2, "profile must be one of"),
        ("[tool.qtune.doctor]\nfail_on = 'error'\n", 2, "knows no 'fail_on'"),
        ("[tool.qtune]\ndoctor = 3\n", 1, "must be a table"),
        ("[tool]\nqtune = []\n", 1, "must be a table"),
        ("tool = 'qtune'\n", 1, "must be a table"),
        ("a = 1\n[tool.qtune.doctor\n", 2, "is not valid TOML"),
        ("# qtune\na = 1\na = 2\n", 3, "is not valid TOML"),
        ("# qtune\n" + "a = " + "[" * 20_000, 1, "is not valid TOML"),
    ],
)
def test_a_mistake_is_one_finding_with_its_line(text: str, line: int, said: str) -> None:
    (finding,) = load(text).problems
    assert finding.code == "CFG095"
    assert said in finding.message.en
    assert finding.span is not None
    assert (finding.span.path, finding.span.line) == (str(PATH), line)


def test_one_mistake_costs_the_other_keys_nothing() -> None:
    file = load("[tool.qtune.doctor]\nfail-on = 'always'\nignore = ['HUB207']\n")
    assert len(file.problems) == 1
    assert [s.codes for s in file.suppressions] == [("HUB207",)]


@pytest.mark.parametrize(
    "text", ["", "[project]\nname = 'x'\n", "not toml at all [", "[tool.ruff]\n"]
)
def test_a_file_that_does_not_speak_of_qtune_says_nothing(text: str) -> None:
    assert load(text) == ProjectFile()


def test_a_table_in_one_line_is_found_too() -> None:
    file = load("tool.qtune.doctor = {ignore = ['HUB207']}\n")
    assert [s.codes for s in file.suppressions] == [("HUB207",)]
