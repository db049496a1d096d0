"""`# qtune: ignore[…]`: which line it speaks of, in `.env` and in YAML, and never part of a value."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest
from dotenv import dotenv_values

from qtune.core import envfile
from qtune.core.yamltree import parse
from qtune.doctor.facts import Suppression
from qtune.doctor.suppression.comments import in_env, in_yaml

ENV, YAML = Path(".env"), Path("run.yaml")
MARK = "# qtune: ignore[ENV804] mine"


def env(text: str) -> tuple[Suppression, ...]:
    return in_env(envfile.parse(text, ENV))


def told(found: tuple[Suppression, ...]) -> list[tuple[int, int, int, tuple[str, ...]]]:
    return [(s.line, s.first, s.last, s.codes) for s in found]


# --- .env -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value", ["plain", "'single'", '"double"', '"two\nlines"', "'two\nlines'", "", "a#b", '"#"']
)
def test_a_comment_behind_a_value_is_no_part_of_it_here_and_for_python_dotenv(value: str) -> None:
    text = f"A={value} {MARK}\nB=2\n"
    document = envfile.parse(text, ENV)
    values = {entry.key: entry.value for entry in document.entries}
    assert values == dotenv_values(stream=StringIO(text)) == {**values, "B": "2"}
    assert "qtune" not in values["A"]
    (found,) = in_env(document)
    lines = 1 + value.count("\n")
    assert (found.first, found.last, found.line) == (1, lines, lines)
    assert (found.codes, found.reason, found.flaw) == (("ENV804",), "mine", "")


def test_a_line_of_its_own_speaks_of_the_next_line_that_holds_something() -> None:
    text = f"A=1\n{MARK}\n\n# another comment\nB='x\ny'\nC=3\n"
    assert told(env(text)) == [(2, 5, 6, ("ENV804",))]


def test_the_last_line_of_a_file_speaks_of_nothing() -> None:
    assert told(env(f"A=1\n{MARK}")) == [(2, 0, 0, ("ENV804",))]


def test_several_codes_blanks_and_newlines_of_windows() -> None:
    (found,) = env("A=1\r\nB=2 \t#qtune:ignore[ ENV804 ,hub204,]\r\n")
    assert (found.line, found.codes, found.reason, found.gap) == (2, ("ENV804", "hub204"), "", 2)
    assert (found.column, found.end_column) == (6, 37)


def test_a_line_that_is_no_entry_can_have_one_too() -> None:
    assert told(env(f"HF_TOKEN: x {MARK}\nA='open {MARK}\n")) == [
        (1, 1, 1, ("ENV804",)),
        (2, 2, 2, ("ENV804",)),
    ]


def test_of_the_whole_file() -> None:
    (found,) = env("# qtune: ignore-file[HUB207] the office line\nA=1\n")
    assert (found.scope, found.codes, found.reason) == ("file", ("HUB207",), "the office line")


@pytest.mark.parametrize("text", ["# qtune: ignore", "# qtune: ignore HUB207", "# qtune: ignore[]"])
def test_no_codes_is_a_flaw(text: str) -> None:
    (found,) = env(f"A=1 {text}\n")
    assert (found.flaw, found.codes) == ("no_codes", ())


@pytest.mark.parametrize("value", [f"x{MARK}", f'"x {MARK}"', f"'{MARK}'", f'"two\n{MARK}\nlines"'])
def test_inside_a_value_it_is_a_flaw_and_silences_nothing(value: str) -> None:
    (found,) = env(f"A={value}\n")
    assert (found.flaw, found.codes, found.line) == ("in_value", (), 1)


@pytest.mark.parametrize(
    "comment", ["# qtune: see the docs", "# ignore[ENV804]", "# not-qtune: ignore[X]", "# qtune:"]
)
def test_other_comments_are_left_alone(comment: str) -> None:
    assert env(f"A=1 {comment}\n") == ()


def test_a_reason_holds_no_secret_and_no_novel() -> None:
    token = "hf_" + "k" * 34
    (found,) = env(f"A=1 # qtune: ignore[ENV804] {token} " + "x" * 5000)
    assert token not in found.reason
    assert len(found.reason) <= 220


# --- YAML -----------------------------------------------------------------------------------------


def yaml(text: str) -> list[tuple[int, int]]:
    return [(s.line, s.first) for s in in_yaml(text, YAML)]


def test_in_a_run_config_at_the_end_of_the_line_and_above() -> None:
    text = f"model: a/b {MARK}\n{MARK}\n\nlora:\n  r: 8  {MARK}\n"
    assert yaml(text) == [(1, 1), (2, 4), (5, 5)]
    tree, faults = parse(text, YAML)
    assert "qtune" not in repr(tree)
    assert faults == ()


@pytest.mark.parametrize(
    "text",
    [
        f'a: "{MARK}"\n',
        f"a: 'x {MARK}'\n",
        f"a: |\n  text {MARK}\n  {MARK}\n",
        f"a: >-\n  {MARK}\n",
        f'a: "two\n  {MARK}\n  lines"\n',
    ],
)
def test_text_in_a_string_is_no_comment(text: str) -> None:
    assert yaml(text) == []


def test_behind_the_bar_of_a_block_and_after_its_end() -> None:
    assert yaml(f"a: | {MARK}\n  text\n{MARK}\nb: 1\n") == [(1, 1), (3, 4)]


def test_of_what_is_not_yaml_only_what_stands_before() -> None:
    assert yaml(f"a: 1 {MARK}\nb: 'never closed {MARK}\n") == [(1, 1)]
    assert yaml(f"\x00\na: 1 {MARK}\n") == []


def test_windows_newlines_and_a_large_file() -> None:
    text = "".join(f"k{n}: 'v # x'\r\n" for n in range(3000)) + f"last: 1 {MARK}\r\n"
    assert yaml(text) == [(3001, 3001)]
