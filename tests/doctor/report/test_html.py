"""The page of a report: whole HTML whatever is in it, every part that a reader looks for, nothing that runs."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import pytest

from qtune.core.architecture import Architecture
from qtune.core.errors import ConfigError
from qtune.core.smaller import QWEN3
from qtune.core.text import Lang, Text, plain
from qtune.doctor.facts import (
    Accelerator,
    ClientRoad,
    Facts,
    Goal,
    Gpu,
    Known,
    Sibling,
    Stage,
    Suppression,
    Unknown,
    Xet,
)
from qtune.doctor.finding import Finding, Severity
from qtune.doctor.outcome import Report
from qtune.doctor.report.html import failed, render
from qtune.doctor.rules import RULES
from qtune.doctor.suppression.settle import Ignored
from tests.doctor.build import ENV, env_line, healthy, road, speed, with_setting
from tests.doctor.report import hostile, worlds
from tests.markup import Tree, tree

# What the page is made of; whatever else appears was smuggled in.
TAGS = {
    "html", "head", "meta", "title", "style", "body", "a", "header", "nav", "main", "section", "footer", "article",
    "div", "span", "p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li", "details", "summary", "strong", "em",
    "b", "code", "pre", "ins", "del", "table", "thead", "tbody", "tr", "th", "td", "svg", "rect", "line", "text",
}  # fmt: skip
ATTRIBUTES = {
    "lang", "charset", "http-equiv", "content", "name", "class", "id", "href", "rel", "role", "scope", "tabindex",
    "open", "aria-label", "aria-labelledby", "aria-hidden", "x", "y", "x1", "x2", "y1", "y2", "dy", "width", "height",
}  # fmt: skip
GIB = 1 << 30


def page(report: Report, code: int = 1, lang: Lang = "en") -> Tree:
    return tree(render(report, code, lang))


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("world", hostile.WORLDS, ids=lambda world: world.__name__)
def test_nothing_breaks_out_and_nothing_runs(world: Callable[[], Report], lang: Lang) -> None:
    read = page(world(), 1, lang)
    for each in read.every:
        assert each.tag in TAGS
        assert set(each.attributes) <= ATTRIBUTES, each
    for href in read.all("a", "href"):
        assert re.match(r"https?://|#[a-z]", href), href
    assert len(read.all("style", "class")) == 0
    ids = read.all_ids()
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("words", hostile.TEXTS)
def test_neither_does_what_kept_the_doctor_from_looking(words: str) -> None:
    for error in (ConfigError("ENV812", plain(words), plain(words)), ValueError(words)):
        read = tree(failed(error, 2, "en", healthy().settings))
        assert {each.tag for each in read.every} <= TAGS


def test_there_is_one_h1_and_no_heading_is_skipped() -> None:
    for world in hostile.WORLDS:
        depths = [int(e.tag[1]) for e in page(world()).every if re.fullmatch(r"h[1-6]", e.tag)]
        assert depths[0] == 1 and depths.count(1) == 1
        assert all(after - before <= 1 for before, after in pairwise(depths))


def test_the_head_tells_the_goal_the_counts_and_the_exit_code() -> None:
    words = page(worlds.gated()).text("header")
    assert "meta-llama/Llama-2-7b-hf" in words and "sft.yaml" in words
    assert "1 error, 1 note" in words and "exit 1" in words
    assert "✗ access" in words and "✓ network" in words


@pytest.mark.parametrize(
    ("world", "step"),
    [
        (worlds.well, "qtune download Qwen/Qwen3-4B"),
        (worlds.silent_hf, "qtune doctor Qwen/Qwen3-4B --fix"),
        (worlds.gated, "https://huggingface.co/meta-llama/Llama-2-7b-hf"),
    ],
)
def test_there_is_one_thing_to_do_next(world: Callable[[], Report], step: str) -> None:
    (told,) = page(world()).of("next")
    assert told.words() == f"Next: {step}"


def test_what_to_do_next_is_safe_to_paste() -> None:
    report = worlds.judged(healthy(goal=Goal("download", "a/b; rm -rf ~")))
    (told,) = page(report).of("next")
    assert "'a/b; rm -rf ~'" in told.words()


def test_a_healthy_report_says_so() -> None:
    read = page(worlds.well(), 0)
    assert "No problems found" in read.text("header")
    assert "exit 0" in read.text("header")
    assert read.of("finding") == []


def test_a_finding_has_its_evidence_its_lines_and_its_rules_page() -> None:
    read = page(worlds.silent_hf())
    (card,) = read.of("finding")
    words = card.words()
    assert "! warning" not in words and "!warning · HUB200" in words
    assert "DNS 12 ms → TCP 41 ms → TLS 88 ms → HTTP failed after 8000 ms" in words
    assert "written by: qtune doctor --fix" in words
    assert "USE_MODELSCOPE=True" in [each.words() for each in read.of("copy")]
    (about,) = read.of("about")
    assert "About HUB200" in about.words() and "How it is detected" in about.words()


def test_a_variable_of_the_shell_is_not_to_be_taken_out_of_the_file() -> None:
    (card,) = page(worlds.no_network()).of("finding")
    assert "unset HTTPS_PROXY" in [each.words() for each in page(worlds.no_network()).of("copy")]
    assert "Take out of .env" not in card.words()
    assert "Take out of .env: HF_TOKEN" in page(worlds.bad_token()).text("main")


def test_what_follows_is_folded_under_its_cause() -> None:
    read = page(worlds.gated())
    (card,) = read.of("finding")
    (folded,) = read.of("follows")
    assert folded.words() in card.words()
    assert "Follows from this: 1 finding, 3 checks not made" in card.words()
    assert "TOK300" in folded.words() and "Not checked because of this:" in folded.words()


def test_a_rules_page_stands_once_however_often_it_is_found() -> None:
    alike = [Finding("ENV804", Severity.WARNING, plain(f"line {n}")) for n in range(5)]
    assert len(page(worlds.report(healthy(), *alike)).of("about")) == 1


def test_every_rules_page_can_be_told_in_both_languages() -> None:
    findings = [Finding(rule.code, Severity.ERROR, plain("x")) for rule in RULES]
    report = worlds.report(healthy(), *findings)
    for lang in ("en", "zh"):
        read = page(report, 1, lang)
        assert len(read.of("about")) == len(RULES)
        for about in read.of("about"):
            prose = about.words().partition("\n")[2]
            assert "```" not in prose and "**" not in prose


# --- the road -------------------------------------------------------------------------------------


def bars(read: Tree, title: str) -> list[tuple[str, float, float]]:
    """The class, the start and the length of each bar of one card."""
    (card,) = (each for each in read.of("card") if each.words().startswith(title))
    found = []
    stack = [card]
    while stack:
        each = stack.pop(0)
        if each.tag == "rect":
            x, width = each.attributes["x"], each.attributes["width"]
            found.append((each.attributes["class"], float(x[:-1]), float(width[:-1])))
        stack = [child for child in each.children if not isinstance(child, str)] + stack
    return found


def walked(*stages: Stage) -> Facts:
    quick = tuple(Stage(name, True, 25) for name in ("dns", "tcp", "tls", "http"))
    facts = healthy(storage={}, clients={}, xet={})
    reach = {
        "modelscope": Known(road("modelscope.cn", stages=quick)),
        "huggingface": Known(road("huggingface.co", stages=stages)),
    }
    return replace(facts, reach=reach)


def test_each_step_begins_where_the_one_before_it_ended() -> None:
    stages = (
        Stage("dns", True, 20),
        Stage("tcp", True, 60),
        Stage("tls", True, 80),
        Stage("http", True, 40),
    )
    read = page(worlds.report(walked(*stages)))
    assert bars(read, "✓ Hugging Face") == [
        ("piece", 0.0, 10.0),
        ("piece", 10.0, 30.0),
        ("piece", 40.0, 40.0),
        ("piece", 80.0, 20.0),
    ]
    assert bars(read, "✓ ModelScope")[-1] == ("piece", 37.5, 12.5)  # on the same scale


def test_a_step_that_hung_does_not_press_the_others_flat() -> None:
    stages = (Stage("dns", True, 50), Stage("tcp", False, 8000, "timeout", "no answer within 8 s"))
    read = page(worlds.report(walked(*stages)))
    first, second = bars(read, "✗ Hugging Face")
    assert first == ("piece", 0.0, 33.33)
    assert second == ("broken", 33.33, 66.67)
    words = read.text("main")
    assert "✗ 8000 ms" in words and "TCP failed: no answer within 8 s" in words


def test_nothing_is_drawn_of_what_was_not_walked() -> None:
    unknown = {"huggingface": Unknown("skipped", "--offline")}
    facts = healthy(reach=unknown, storage=unknown, clients=unknown, xet=unknown)
    assert "Connections" not in page(worlds.report(facts)).text("main")


def test_the_roads_of_xet_and_of_the_hubs_own_client_are_drawn_too() -> None:
    stages = (
        Stage("dns", True, 5),
        Stage("tcp", True, 5),
        Stage("tls", False, 9, "untrusted", "untrusted"),
    )
    client = ClientRoad("modelscope", "1.40", "certifi", reach=road("modelscope.cn", stages=stages))
    facts = healthy(
        xet={"huggingface": Known(Xet("1.8.0", road("cas-server.xethub.hf.co")))},
        clients={"modelscope": Known(client)},
    )
    words = page(worlds.report(facts)).text("main")
    assert "✓ Hugging Face: Xetcas-server.xethub.hf.co" in words
    assert "✗ ModelScope: modelscopemodelscope.cn" in words


# --- speed ----------------------------------------------------------------------------------------


def test_the_hubs_speeds_are_drawn_on_one_scale() -> None:
    read = page(worlds.slow_hf())
    (words,) = (e.words() for e in read.every if e.attributes.get("id") == "speed")
    for part in ("210.0 kB/s", "840.0 kB/s", "6.2 MB/s", "23.5 MB/s", "4 connections",
                 "first byte after 90 ms", "the whole model (8.0 GB): 6 min", "recommended",
                 "each connection is throttled"):  # fmt: skip
        assert part in words
    section = next(e for e in read.every if e.attributes.get("id") == "speed")
    lengths = [
        float(e.attributes["width"][:-1])
        for e in read.every
        if e.tag == "rect" and e.attributes["class"] == "piece" and _within(e, section)
    ]
    assert lengths == [0.89, 3.57, 26.38, 100.0]


def _within(child: object, parent: object) -> bool:
    return child is parent or any(
        _within(child, each)
        for each in getattr(parent, "children", ())
        if not isinstance(each, str)
    )


def test_modelscopes_other_site_has_a_bar_of_its_own_where_it_was_measured() -> None:
    other = Sibling("https://modelscope.ai", True, True, speed("cdn.modelscope.ai", 4.0))
    facts = replace(worlds.slow_hf().facts, sibling={"modelscope": Known(other)})
    (card,) = (
        e
        for e in page(worlds.report(facts)).of("card")
        if e.words().startswith("ModelScope (modelscope.ai)")
    )
    assert "4.0 MB/s" in card.words() and "will serve" not in card.words()


# --- memory ---------------------------------------------------------------------------------------


def machine(of: Architecture | None, free: float, total: float) -> Facts:
    gpu = Gpu(0, "NVIDIA GeForce RTX 4090", round(total * GIB), round(free * GIB), "8.9")
    facts = healthy(accelerator=Known(Accelerator((gpu,), "570.1", True, "", "nvml")))
    listing = facts.listing["modelscope"]
    assert isinstance(listing, Known)
    found = Known(replace(listing.value, architecture=of))
    return replace(facts, listing={"modelscope": found, "huggingface": found})


def test_memory_is_told_part_by_part_against_the_gpu() -> None:
    read = page(worlds.report(machine(QWEN3["Qwen/Qwen3-8B"], 10, 24)))
    section = next(e for e in read.every if e.attributes.get("id") == "memory")
    words = section.words()
    assert "It does not fit" in words
    assert "10.0 GiB of 24.0 GiB free on the NVIDIA GeForce RTX 4090" in words
    sizes = dict(
        re.findall(r"(held|weights|together)[^0-9]*([\d.]+) GiB", words.partition("size")[2])
    )
    assert sizes["held"] == "14.0" and sizes["weights"] == "15.3"
    drawn = [e for e in read.every if e.tag == "rect" and "part" in e.attributes["class"]]
    assert drawn[0].attributes["class"] == "part held"
    ends = [sum(float(e.attributes[k][:-1]) for k in ("x", "width")) for e in drawn]
    assert ends == sorted(ends) and ends[-1] <= 100.01
    (limit,) = (e for e in read.every if e.attributes.get("class") == "limit")
    assert float(limit.attributes["x1"][:-1]) < ends[-1]


def test_what_fits_ends_before_the_limit() -> None:
    read = page(worlds.report(machine(QWEN3["Qwen/Qwen3-0.6B"], 24, 24)))
    assert "✓ It fits" in read.text("main")
    assert "held by other programs" not in read.text("main")


@pytest.mark.parametrize("facts", [machine(None, 24, 24), healthy()], ids=["model", "sizes"])
def test_what_is_not_known_is_not_drawn(facts: Facts) -> None:
    assert "GPU memory" not in page(worlds.report(facts)).text("main")


# --- tables ---------------------------------------------------------------------------------------


def test_every_check_is_told_with_its_state_and_time() -> None:
    read = page(worlds.bad_token())
    words = next(e for e in read.every if e.attributes.get("id") == "checks").words()
    for check in worlds.bad_token().checks:
        assert check.check in words
    assert "speed.huggingface? no answer12004 mscould not look: timed out after 12 s" in words


def test_what_was_seen_to_be_broken_is_not_called_fine() -> None:
    words = page(worlds.bad_token()).text("main")
    assert "gate.huggingface✗ broken" in words


def test_settings_tell_where_they_come_from_and_hide_secrets() -> None:
    facts = with_setting(healthy(), "HF_TOKEN", "hf_…zzzz", env_line("HF_TOKEN", 3))
    facts = with_setting(facts, "QTUNE_CONNECTIONS", "many", env_line("QTUNE_CONNECTIONS", 4),
                         problem=Text("must be a number", "必须是数字"))  # fmt: skip
    words = page(worlds.report(facts)).text("main")
    assert "HF_TOKENhf_…zzzz.env line 3" in words
    assert "many must be a number" in words
    assert re.search(r"\d+ with their default", words)


def test_what_is_suppressed_is_told_with_its_reason() -> None:
    quiet = Finding("ENV806", Severity.WARNING, plain("open to <everybody>"))
    by = Suppression("line", ("ENV806",), "a shared machine", str(ENV), 3, 8, 30)
    report = replace(worlds.well(), ignored=(Ignored(quiet, by),))
    words = page(report).text("main")
    assert "ENV806open to <everybody>.env:3:8a shared machine" in words


def test_versions_are_told() -> None:
    words = page(worlds.well()).text("main")
    assert "Python 3.11.7" in words and "torch 2.13.0" in words and "2026-08-01T12:00:00" in words


def test_a_crash_is_told_among_the_findings() -> None:
    read = page(worlds.crashed(), 3)
    words = next(e for e in read.every if e.attributes.get("id") == "findings").words()
    assert "disk: a bug in qtune, please report it: ZeroDivisionError" in words


def test_an_examination_that_failed_is_a_page_too() -> None:
    error = ConfigError(
        "ENV812", Text("cannot write .env", "无法写入 .env"), Text("free some space", "请腾出空间")
    )
    read = tree(failed(error, 2, "zh", healthy().settings))
    assert read.attribute("html", "lang") == "zh-CN"
    words = read.text("body")
    assert "无法写入 .env" in words and "请腾出空间" in words and "退出码 2" in words
    assert "关于 ENV812" in words
    bug = tree(failed(ZeroDivisionError("division by zero"), 3, "en")).text("body")
    assert "a bug in qtune, please report it: ZeroDivisionError: division by zero" in bug


def test_sixty_findings_are_a_page_in_a_fifth_of_a_second() -> None:
    findings = [Finding(RULES[n % len(RULES)].code, Severity.ERROR, plain(f"finding {n}"), (plain("seen"),) * 3)
                for n in range(60)]  # fmt: skip
    report = worlds.report(healthy(), *findings)
    render(report, 1, "en")  # reads the style

    def once() -> float:
        started = time.process_time()
        render(report, 1, "en")
        return time.process_time() - started

    assert min(once() for _ in range(3)) <= 0.2
