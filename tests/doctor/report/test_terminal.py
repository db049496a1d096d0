"""The text report: exact screens of typical worlds, and what holds for every screen."""

from __future__ import annotations

import dataclasses
import io
from collections.abc import Callable

import pytest
from rich.cells import cell_len
from rich.console import Console

from qtune.core.secret import Secret
from qtune.core.text import Lang, Text, plain
from qtune.doctor.facts import CachedSnapshot, Facts, Goal, Known, Unknown
from qtune.doctor.finding import Applicability, Finding, Fix, Severity
from qtune.doctor.outcome import Report
from qtune.doctor.report.terminal import render, summary
from qtune.doctor.report.view import View, next_step
from tests.doctor.build import HF, env_line, healthy, with_setting
from tests.doctor.report import worlds
from tests.doctor.report.screens import FOLDER, SCREENS, Screen


@pytest.mark.parametrize("screen", SCREENS, ids=lambda screen: screen.path.stem)
def test_looks_exactly_like_the_screen_on_file(screen: Screen) -> None:
    assert screen.path.read_text("utf-8") == screen.draw()


def test_every_screen_on_file_is_compared() -> None:
    assert {screen.path for screen in SCREENS} == set(FOLDER.glob("*"))


@pytest.mark.parametrize("verbosity", [0, 1])
@pytest.mark.parametrize("width", [60, 80, 200])
@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("world", worlds.EVERY, ids=lambda world: world.__name__)
def test_no_line_is_wider_than_the_terminal(
    world: Callable[[], Report], lang: Lang, width: int, verbosity: int
) -> None:
    text = render(world(), View(lang, width, verbosity)).plain
    wide = [line for line in text.splitlines() if cell_len(line) > width and "://" not in line]
    assert wide == []


def test_a_url_wider_than_the_terminal_stays_whole() -> None:
    text = render(worlds.gated(), View(width=40)).plain
    assert "https://huggingface.co/meta-llama/Llama-2-7b-hf" in text


def test_the_table_is_aligned_in_cells_also_with_chinese_heads() -> None:
    text = render(worlds.slow_hf(), View("zh", 120)).plain
    lines = text.splitlines()
    start = next(number for number, line in enumerate(lines) if "整个模型" in line)
    assert len({cell_len(line) for line in lines[start : start + 3]}) == 1


def test_a_listing_that_is_empty_is_told_where_no_other_word_is_lost_about_it() -> None:
    """The gate is open, so the comparison of the hubs says nothing of what the listing lacks."""
    empty = Unknown("absent", "Qwen/Qwen3-4B has no files at main")
    facts = dataclasses.replace(healthy(sources=(HF,)), listing={"huggingface": empty})
    text = render(worlds.judged(facts), View()).plain
    assert "listing.huggingface: could not look: Qwen/Qwen3-4B has no files at main" in text
    assert "1 without an answer" in text


def test_says_that_nothing_is_wrong_only_when_everything_was_looked_at() -> None:
    assert "No problems found ·" in render(worlds.well(), View()).plain
    left_out = render(worlds.offline(), View()).plain
    assert "No problems found in what was checked" in left_out
    assert "left out (--offline): reach" in left_out


def test_a_look_without_the_network_says_what_a_run_without_it_would_lack() -> None:
    def told(facts: Facts, lang: Lang = "en") -> str:
        return " ".join(render(worlds.judged(facts), View(lang)).plain.split())

    facts = worlds.offline().facts
    empty = dataclasses.replace(facts, snapshot=Known(CachedSnapshot(False)))
    partly = dataclasses.replace(facts, snapshot=Known(CachedSnapshot(False, ("config.json",))))
    assert "the cache has no Qwen/Qwen3-4B: without a network" in told(empty)
    assert "缓存中没有 Qwen/Qwen3-4B" in told(empty, "zh")
    assert "the cache lacks 1 file of Qwen/Qwen3-4B (config.json): without" in told(partly)

    whole = dataclasses.replace(facts, snapshot=Known(CachedSnapshot(True)))
    goal = dataclasses.replace(facts.goal, kind="download")
    online = dataclasses.replace(worlds.well().facts, snapshot=empty.snapshot)
    by_setting = with_setting(empty, "HF_HUB_OFFLINE", "1", env_line("HF_HUB_OFFLINE"))
    assert "HUB210" in told(by_setting)
    for other in (whole, dataclasses.replace(empty, goal=goal), online, by_setting):
        assert "without a network" not in told(other)


def test_a_crashed_check_is_not_a_clean_report() -> None:
    text = render(worlds.crashed(), View()).plain
    assert "No problems found" not in text
    assert "✗ 1 check crashed" in text
    assert "a bug in qtune, please report it: ZeroDivisionError" in text


def test_what_could_not_be_looked_at_is_told_once() -> None:
    text = render(worlds.bad_token(), View()).plain
    assert text.count("could not look: timed out after 12 s") == 1


def test_what_a_hub_does_not_have_is_told_by_the_table_alone() -> None:
    report = worlds.gated()
    absent = Unknown("absent", "ModelScope has no such model")
    facts = dataclasses.replace(
        report.facts, listing={**report.facts.listing, "modelscope": absent}
    )
    text = render(worlds.report(facts, *report.findings), View()).plain
    assert "the model is not there" in text
    assert "could not look" not in text
    assert "without an answer" not in text


def test_what_follows_stands_under_its_cause_and_without_evidence() -> None:
    text = render(worlds.gated(), View()).plain
    assert text.index("GATE401") < text.index("└ i TOK300") < text.index("└ not checked because")
    gate, token, *rest = worlds.gated().findings
    token = dataclasses.replace(token, evidence=(plain("looked at HF_TOKEN"),))
    report = dataclasses.replace(worlds.gated(), findings=(gate, token, *rest))
    assert "looked at HF_TOKEN" not in render(report, View()).plain
    assert "looked at HF_TOKEN" in render(report, View(verbosity=1)).plain


def test_severity_can_be_told_without_colour() -> None:
    for severity, mark in ((Severity.ERROR, "✗"), (Severity.WARNING, "!"), (Severity.INFO, "i")):
        finding = Finding("ENV805", severity, plain("words"))
        assert f"{mark} ENV805   words" in render(worlds.report(healthy(), finding), View()).plain


@pytest.mark.parametrize("world", worlds.EVERY, ids=lambda world: world.__name__)
def test_no_colour_fails_on_a_light_or_a_dark_ground(world: Callable[[], Report]) -> None:
    out = io.StringIO()
    console = Console(file=out, force_terminal=True, color_system="standard", width=80)
    console.print(render(world(), View()), soft_wrap=True)
    codes = {
        int(code)
        for part in out.getvalue().split("\x1b[")[1:]
        for code in part.split("m")[0].split(";")
    }
    assert codes <= {0, 1, 2, 31, 32, 35}  # reset, bold, dim, red, green, magenta


def test_control_characters_of_a_hub_cannot_move_the_cursor() -> None:
    hostile = "\x1b[2J\x1b[31mroot\u202egnp.exe\r\x07"
    finding = Finding(
        "HUB200",
        Severity.ERROR,
        plain(f"it says {hostile}"),
        (plain(hostile),),
        fix=Fix(plain(hostile), Applicability.MANUAL),
    )
    text = render(worlds.report(healthy(), finding), View()).plain
    assert not {"\x1b", "\u202e", "\r", "\x07"} & set(text)


def test_a_secret_that_slipped_into_a_message_is_masked() -> None:
    canary = Secret("zq9-canary-0123456789abcdef")
    told = plain(f"token {canary.reveal()} and hf_{'q' * 34}")
    finding = Finding("HUB200", Severity.ERROR, told, (told,), fix=Fix(told, Applicability.MANUAL))
    report = worlds.report(healthy(goal=Goal("train", f"x/{canary.reveal()}")), finding)
    text = render(report, View(verbosity=2)).plain
    assert canary.reveal() not in text
    assert "q" * 10 not in text


def test_next_is_one_step_and_fits_the_first_cause() -> None:
    view = View(again="qtune doctor Qwen/Qwen3-4B")
    assert next_step(worlds.well(), view) == "qtune run sft.yaml"
    assert next_step(worlds.silent_hf(), view) == "qtune doctor Qwen/Qwen3-4B --fix"
    assert next_step(worlds.slow_hf(), view) == "qtune doctor Qwen/Qwen3-4B --fix"
    assert next_step(worlds.bad_token(), view) == "qtune doctor Qwen/Qwen3-4B --fix --unsafe-fixes"
    assert next_step(worlds.no_network(), view) == "unset HTTPS_PROXY"
    assert next_step(worlds.gated(), view) == "https://huggingface.co/meta-llama/Llama-2-7b-hf"


def test_an_error_without_a_way_out_is_explained() -> None:
    report = worlds.report(healthy(), Finding("NET105", Severity.ERROR, plain("a portal")))
    assert next_step(report, View()) == "qtune explain NET105"


def test_nothing_can_be_fixed_from_saved_facts() -> None:
    assert "--fix" not in next_step(worlds.silent_hf(), View(replayed=True))


def test_a_line_that_something_overrides_is_not_shown_as_changed() -> None:
    report = worlds.silent_hf()
    row = dataclasses.replace(
        report.recommended[0],
        value="False",
        applicability=Applicability.MANUAL,
        command="unset USE_MODELSCOPE",
    )
    text = render(dataclasses.replace(report, recommended=(row,)), View()).plain
    assert "# first, by hand: unset USE_MODELSCOPE\n    USE_MODELSCOPE=False" in text
    assert "+ USE_MODELSCOPE" not in text


def test_the_summary_alone_is_the_end_of_the_report() -> None:
    report = worlds.silent_hf()
    assert render(report, View()).plain.endswith(summary(report, View()).plain)


def test_verbose_shows_what_a_broken_check_saw_as_broken() -> None:
    text = render(worlds.bad_token(), View(verbosity=1)).plain
    assert "✗ gate.huggingface" in text
    assert "✓ reach.huggingface" in text


def test_very_verbose_shows_times_and_facts() -> None:
    text = render(worlds.well(), View(verbosity=2)).plain
    assert '"issuer": "Some CA"' in text
    assert "[0 ms]" in text


def _messages(report: Report) -> list[Text]:
    return [finding.message for finding in report.findings]


def test_chinese_speaks_chinese() -> None:
    for world in (worlds.silent_hf, worlds.gated, worlds.bad_token):
        report = world()
        text = render(report, View("zh", 200)).plain
        for message in _messages(report):
            assert message.zh in text.replace("\n           ", "")


def test_only_the_mark_of_the_summary_is_coloured() -> None:
    text = summary(worlds.no_network(), View())
    red = [span for span in text.spans if "red" in str(span.style)]
    assert [text.plain[span.start : span.end] for span in red] == ["✗ "]


def test_two_findings_that_blame_each_other_are_both_told() -> None:
    one = Finding("NET102", Severity.ERROR, plain("one"), because="HUB200")
    other = Finding("HUB200", Severity.ERROR, plain("other"), because="NET102")
    text = render(worlds.report(healthy(), one, other), View()).plain
    assert text.count("NET102   one") == text.count("HUB200   other") == 1


def test_what_follows_from_a_code_that_stands_twice_is_told_once() -> None:
    first = Finding("GATE401", Severity.ERROR, plain("at one hub"))
    second = Finding("GATE401", Severity.ERROR, plain("at the other"))
    token = Finding("TOK300", Severity.INFO, plain("no token"), because="GATE401")
    text = render(worlds.report(healthy(), first, second, token), View()).plain
    assert text.count("TOK300") == 1


def test_what_the_goal_does_without_is_not_counted_as_unanswered() -> None:
    """The other hub's listing timed out; this download does not need it."""
    facts = healthy()
    late = Unknown("timeout", "timed out after 12 s", 12000)
    listing = {**facts.listing, "huggingface": late}
    text = render(worlds.judged(dataclasses.replace(facts, listing=listing)), View()).plain
    assert "without an answer" not in text
    assert "No problems found ·" in text
