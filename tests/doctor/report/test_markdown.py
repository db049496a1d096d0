"""Markdown, rendered by a real renderer: nothing breaks out, nothing private goes along."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from qtune.core.errors import ConfigError
from qtune.core.hub.interface import Identity
from qtune.core.text import plain
from qtune.doctor.facts import Known
from qtune.doctor.finding import Finding, Severity, Span
from qtune.doctor.outcome import Report
from qtune.doctor.report.markdown import failed, render, summary
from tests.doctor.build import healthy
from tests.doctor.report import hostile, worlds

# What the report is made of; whatever else appears was smuggled in.
OURS = {
    *(
        "h2",
        "h3",
        "h4",
        "p",
        "ul",
        "li",
        "pre",
        "code",
        "table",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
    ),
    *("details", "summary"),
}


def html(text: str) -> str:
    rendered: str = (
        MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).render(text)
    )
    return rendered


def tags(text: str) -> set[str]:
    return set(re.findall(r"<([a-z]\w*)", html(text)))


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("world", hostile.WORLDS, ids=lambda world: world.__name__)
def test_nothing_breaks_out(world: Callable[[], Report], lang: str) -> None:
    for text in (render(world(), 1, lang), summary(world(), lang)):  # type: ignore[arg-type]
        assert tags(text) <= OURS
        outside = re.sub(r"<(code|pre).*?</\1>", "", html(text), flags=re.S)
        assert not re.search(r"@\w", outside)
        assert not re.search(r"#\d", outside)


@pytest.mark.parametrize("words", hostile.TEXTS)
def test_neither_does_what_kept_the_doctor_from_looking(words: str) -> None:
    for error in (ConfigError("ENV812", plain(words), plain(words)), ValueError(words)):
        assert tags(failed(error, 2, "en")) <= OURS


def test_every_row_of_a_table_has_all_its_cells() -> None:
    for line in render(hostile.report(), 1, "en").splitlines():
        if line.startswith("| `"):
            assert len(re.findall(r"(?<!\\)\|", line)) == 5, line


def test_it_tells_versions_goal_findings_and_checks() -> None:
    text = render(worlds.bad_token(), 1, "en")
    assert "## qtune doctor: `Qwen/Qwen3-4B` · to train" in text
    assert "Python 3.11.7" in text and "torch 2.13.0" in text
    assert "### ❌ TOK303 token-not-accepted (error)" in text
    assert "| exit | 1 |" in text
    assert f"<summary>All checks ({len(worlds.bad_token().checks)})</summary>" in text
    assert (
        "| `speed.huggingface` | no answer | 12004 | could not look: timed out after 12 s |" in text
    )
    assert "- HF_TOKEN=hf_…zzzz" in text


def test_the_hubs_are_compared() -> None:
    text = render(worlds.slow_hf(), 0, "en")
    assert "1 connection" in text
    assert "23.5 MB/s" in text


def test_what_follows_stands_below_its_cause() -> None:
    text = render(worlds.gated(), 1, "en")
    assert text.index("### ❌ GATE401") < text.index("#### ℹ️ TOK300")
    assert "(follows from GATE401)" in text
    assert "Not checked because of this: " in text


def test_homes_and_accounts_are_left_out() -> None:
    home = str(Path.home())
    words = plain(
        f"{home}/x /home/jane/.env C:\\Users\\Jane Doe\\x someone-else https://a.example/home/b "
        "the account someone may not"
    )
    finding = Finding("ENV804", Severity.ERROR, words, (words,), span=Span(f"{home}/p/r.yaml", 1))
    text = render(worlds.report(healthy(), finding), 1, "en")
    assert home not in text and "jane" not in text and "Users" not in text
    assert "~/p/r.yaml:1:1" in text
    assert "https://a.example/home/b" in text
    assert "someone-else" in text
    assert "account someone" not in text
    assert "account …" in text


def test_the_owner_of_the_model_is_kept_though_it_is_the_users_account() -> None:
    report = worlds.well()
    who = {"huggingface": Known(Identity(True, "Qwen", "read"))}
    report = dataclasses.replace(report, facts=dataclasses.replace(report.facts, identity=who))
    text = render(report, 0, "en")
    assert "`Qwen/Qwen3-4B`" in text
    assert "… (read)" in text


def test_the_summary_is_one_table_or_one_sentence() -> None:
    assert "| ❌ | `TOK303 token-not-accepted` | Hugging Face does not accept" in summary(
        worlds.bad_token(), "en"
    )
    assert "No problems found in what was checked." in summary(worlds.well(), "en")


def test_an_examination_that_failed_says_so() -> None:
    text = failed(ConfigError("ENV812", plain("cannot read .env")), 2, "en")
    assert "### ❌ ENV812" in text
    assert "| exit | 2 |" in text
