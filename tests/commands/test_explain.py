"""`qtune explain`: pages offline, in both languages, found by code, name or prefix."""

from __future__ import annotations

import pytest
from rich.cells import cell_len

from qtune.commands.prose import flowed
from qtune.doctor.page import markdown
from qtune.doctor.rules import RULES
from tests.commands.conftest import Shell


def test_a_code_in_any_case_and_its_name_give_the_same_page(shell: Shell) -> None:
    pages = {
        shell.qtune("explain", word).stdout for word in ("TOK303", "tok303", "token-not-accepted")
    }
    (page,) = pages
    assert page.startswith("# TOK303 token-not-accepted\n")
    assert "qtune doctor --skip TOK303" in page


def test_the_page_is_in_the_language_of_the_projects_env(shell: Shell) -> None:
    shell.env("QTUNE_LANG=zh")
    assert "## 解决方法" in shell.qtune("explain", "TOK303").stdout


def test_a_prefix_lists_its_codes(shell: Shell) -> None:
    lines = shell.qtune("explain", "gate").stdout.splitlines()
    assert [line.split()[0] for line in lines] == [
        r.code for r in RULES if r.code.startswith("GATE")
    ]


@pytest.mark.parametrize("word", ["TOK333", "TKO303", "tokn-not-accepted"])
def test_an_unknown_code_names_its_neighbours(shell: Shell, word: str) -> None:
    done = shell.qtune("explain", word)
    assert done.returncode == 2
    assert done.stdout == ""
    assert f"no code is called {word!r}" in done.stderr
    assert "TOK303" in done.stderr


def test_something_far_off_is_sent_to_the_list(shell: Shell) -> None:
    assert "qtune doctor --list" in shell.qtune("explain", "!?").stderr


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_pages_fit_their_width_save_code_and_urls(lang: str) -> None:
    for rule in RULES:
        fenced = False
        for line in flowed(markdown(rule, lang), 72).splitlines():  # type: ignore[arg-type]
            fenced ^= line.lstrip().startswith("```")
            kept = fenced or line.startswith(("#", "|", "**")) or "://" in line
            assert kept or cell_len(line) <= 72, (rule.code, line)


def test_code_blocks_are_not_flowed() -> None:
    code = "```\n" + "word " * 40 + "\n```\n"
    assert flowed(code, 40) == code.replace(" \n", " \n")


def test_list_items_hang() -> None:
    assert flowed("- one two three four", 12) == "- one two\n  three four\n"
    assert flowed("1. one two three", 10) == "1. one two\n   three\n"
