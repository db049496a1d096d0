"""The report as one page to open in a browser, to keep and to send: nothing in it is fetched or run."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator

from qtune.core.errors import QtuneError
from qtune.core.html import Markup, Node, Section, element, link, page
from qtune.core.text import Lang, Text
from qtune.doctor.facts import Facts, Goal, SettingFact
from qtune.doctor.finding import finding_of
from qtune.doctor.outcome import Report
from qtune.doctor.report import html_findings, html_memory, html_roads, html_speeds, html_tables
from qtune.doctor.report.areas import standing
from qtune.doctor.report.asked import CHECK, DOCTOR, GOALS, command_of, subject
from qtune.doctor.report.closing import closing
from qtune.doctor.report.layout import UNICODE
from qtune.doctor.report.view import View, next_step
from qtune.doctor.report.words import broken_off

_TONES = {
    UNICODE.ok: "ok",
    UNICODE.error: "error",
    UNICODE.warning: "warning",
    UNICODE.info: "info",
    UNICODE.unknown: "unknown",
    UNICODE.skipped: "skipped",
}


def render(report: Report, exit_code: int, lang: Lang) -> str:
    title = f"{command_of(report.facts)}: {_about(report.facts.goal, lang)}"
    return page(title, lang, _head(report, exit_code, lang), _sections(report, exit_code, lang))


def failed(
    error: BaseException,
    exit_code: int,
    lang: Lang,
    settings: Iterable[SettingFact] = (),
    took_ms: int = 0,
    command: str = DOCTOR,
) -> str:
    """The page of an examination that could not be made."""
    said = Text("There is no report", "没有报告").to(lang)
    head = [
        element("p", command, cls="brand"),
        element("h1", said),
        _verdict("error", UNICODE.error, broken_off(error, lang), _exit(exit_code, lang)),
    ]
    sections = []
    if isinstance(error, QtuneError):
        body = html_findings.alone(finding_of(error), lang)
        sections.append(Section("findings", Text("What stands in the way", "原因").to(lang), body))
    rows = [*settings]
    if rows:
        sections.append(_settings(rows, lang))
    return page(command, lang, head, sections)


def _sections(report: Report, exit_code: int, lang: Lang) -> Iterator[Section]:
    """In the order in which they are read; a part with nothing to show is left out."""
    facts = report.facts
    yield Section(
        "findings", Text("Findings", "检查结果").to(lang), html_findings.findings(report, lang)
    )
    every = Text("All checks", "全部检查")
    if command_of(facts) == CHECK:
        every = Text("All files", "全部文件")
    parts: tuple[tuple[str, Text, Node], ...] = (
        ("env", Text("Recommended .env", "建议的 .env"), html_tables.recommended(report, lang)),
        ("speed", Text("Speed of the hubs", "下载源速度"), html_speeds.speeds(facts, lang)),
        ("memory", Text("GPU memory", "显存"), html_memory.memory(facts, lang)),
        ("network", Text("Connections", "网络连接"), html_roads.roads(facts, lang)),
        ("ignored", Text("Suppressed", "已忽略"), html_tables.ignored(report, lang)),
        ("checks", every, html_tables.checks(report, lang)),
    )
    for name, title, body in parts:
        if body is not None:
            yield Section(name, title.to(lang), body)
    if facts.settings:
        yield _settings(facts.settings, lang)
    yield Section(
        "versions",
        Text("Versions", "版本").to(lang),
        html_tables.versions(report, exit_code, lang),
    )


def _settings(rows: Iterable[SettingFact], lang: Lang) -> Section:
    return Section("settings", Text("Settings", "设置").to(lang), html_tables.settings(rows, lang))


def _head(report: Report, exit_code: int, lang: Lang) -> Iterator[Node]:
    view = View(lang, width=100_000)
    goal = report.facts.goal
    yield element("p", command_of(report.facts), cls="brand")
    yield element("h1", _about(goal, lang))
    yield element("p", _goal(report.facts, lang), cls="dim")
    first, *_ = closing(report, view)
    mark, _, words = first.plain.partition(" ")
    yield _verdict(_TONES[mark], mark, words, _exit(exit_code, lang))
    step = next_step(report, View(lang, again=_again(goal), onward=_onward(goal)))
    shown = link(step) if "://" in step else element("code", step, cls="copy")
    yield element("p", Text("Next: ", "下一步：").to(lang), shown, cls="next")
    areas = [
        element("li", element("span", mark, cls="mark"), f" {name}", cls=_TONES[mark])
        for mark, name in standing(report, view)
    ]
    if areas:
        label = Text("How each part stands", "各部分的情况").to(lang)
        yield element("ul", areas, cls="areas", aria_label=label)


def _about(goal: Goal, lang: Lang) -> str:
    """The model; the run config stands below it. Or the files."""
    if goal.kind != "check":
        return goal.model
    named, more = subject(goal, lang)
    return Text(", ", "、").to(lang).join([*named, more] if more else named)


def _again(goal: Goal) -> str:
    if goal.kind == "check":
        return DOCTOR  # which can mend what a check only tells
    words = ["qtune", "doctor", goal.run_config or goal.model]
    return shlex.join([*words, *(("--for", goal.kind) if goal.kind != "train" else ())])


def _onward(goal: Goal) -> str:
    if goal.kind == "check":
        return DOCTOR
    if goal.run_config:
        return shlex.join(["qtune", "run", goal.run_config])
    return "qtune init" if goal.local else shlex.join(["qtune", "download", goal.model])


def _goal(facts: Facts, lang: Lang) -> Iterator[Node]:
    yield GOALS[facts.goal.kind].to(lang)
    if facts.goal.run_config:
        yield " · "
        yield element("code", facts.goal.run_config)


def _exit(code: int, lang: Lang) -> str:
    return Text(f"exit {code}", f"退出码 {code}").to(lang)


def _verdict(tone: str, mark: str, words: str, rest: str) -> Markup:
    """The counts as the terminal tells them; what comes first is what counts."""
    first, *tail = words.split(" · ") if tone != "error" or " · " in words else [words]
    return element(
        "div",
        element("strong", element("span", mark, cls="mark", aria_hidden="true"), first),
        (element("span", part, cls="dim") for part in [*tail, rest]),
        cls=f"verdict {tone}",
    )
