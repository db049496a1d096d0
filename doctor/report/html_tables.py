"""The page's tables: the recommended `.env`, every check, every setting with its origin, and the versions."""

from __future__ import annotations

from collections.abc import Iterable

from qtune import __version__
from qtune.core.html import Markup, Node, element, table
from qtune.core.origin import Level
from qtune.core.text import Lang, Text
from qtune.doctor.facts import SettingFact, known
from qtune.doctor.outcome import CheckState, Report
from qtune.doctor.report import envdiff
from qtune.doctor.report.causes import place
from qtune.doctor.report.layout import UNICODE
from qtune.doctor.report.passes import seen, went_well
from qtune.doctor.report.view import View
from qtune.doctor.report.words import not_made
from qtune.doctor.suppression.settle import place_of

_STATES = {
    "ok": Text("made", "已完成"),
    "broken": Text("broken", "有问题"),
    "skipped": Text("skipped", "已跳过"),
    "unknown": Text("no answer", "没有结果"),
    "crashed": Text("crashed", "崩溃"),
}
_MARKS = {
    "ok": ("ok", UNICODE.ok),
    "broken": ("error", UNICODE.error),
    "skipped": ("skipped", UNICODE.skipped),
    "unknown": ("unknown", UNICODE.unknown),
    "crashed": ("error", UNICODE.error),
}


def recommended(report: Report, lang: Lang) -> Node:
    lines = [line.plain.strip() for line in envdiff.recommended(report, View(lang, width=100_000))]
    if not lines:
        return None
    shown: list[Node] = []
    for line in lines:
        tag = {"+": "ins", "-": "del"}.get(line[:1])
        shown.append(element(tag, line) if tag else element("span", f"{line}\n", cls="dim"))
    return element("pre", element("code", shown), cls="card diff")


def ignored(report: Report, lang: Lang) -> Node:
    """What a comment or pyproject.toml keeps quiet: by whom, and why."""
    if not report.ignored:
        return None
    columns = (
        Text("code", "代码").to(lang),
        Text("finding", "问题").to(lang),
        Text("suppressed by", "忽略者").to(lang),
        Text("reason", "理由").to(lang),
    )
    rows = [
        (
            element("code", item.finding.code),
            item.finding.message.to(lang),
            place(place_of(item.by)),
            item.by.reason or "–",
        )
        for item in report.ignored
    ]
    return element("div", table(columns, rows, cls="lined"), cls="card")


def checks(report: Report, lang: Lang) -> Node:
    if not report.checks:
        return None
    columns = (
        Text("check", "检查").to(lang),
        Text("state", "状态").to(lang),
        Text("time", "耗时").to(lang),
        Text("what was seen", "所见").to(lang),
    )
    rows = [_check(check, report, lang) for check in report.checks]
    return element("div", table(columns, rows, cls="lined"), cls="card")


def _check(check: CheckState, report: Report, lang: Lang) -> tuple[Node, ...]:
    made = check.state == "ok"
    state = check.state if not made or went_well(report.facts, check.check) else "broken"
    tone, mark = _MARKS[state]
    said = seen(report.facts, check.check).to(lang) if made else not_made(check, lang)
    return (
        element("code", check.check),
        element("span", element("span", mark, cls="mark", aria_hidden="true"),
                f" {_STATES[state].to(lang)}", cls=f"nowrap {tone}"),
        element("span", Text(f"{check.took_ms} ms", f"{check.took_ms} 毫秒").to(lang), cls="nowrap"),
        said,
    )  # fmt: skip


def settings(rows: Iterable[SettingFact], lang: Lang) -> Node:
    """Those that somebody set, and the defaults folded away."""
    listed = list(rows)
    chosen = [row for row in listed if row.origin.level is not Level.DEFAULT]
    others = [row for row in listed if row.origin.level is Level.DEFAULT]
    parts: list[Node] = []
    if chosen:
        parts.append(_settings(chosen, lang))
    else:
        none = Text("None is set; every default holds.", "未做任何设置，全部使用默认值。")
        parts.append(element("p", none.to(lang)))
    if others:
        words = Text(f"{len(others)} with their default", f"其余 {len(others)} 项为默认值").to(lang)
        parts.append(element("details", element("summary", words), _settings(others, lang)))
    return element("div", parts, cls="card")


def _settings(rows: list[SettingFact], lang: Lang) -> Markup:
    columns = (
        Text("setting", "设置").to(lang),
        Text("value", "值").to(lang),
        Text("from", "来源").to(lang),
    )
    shown = [
        (element("code", row.key), _value(row, lang), row.origin.describe().to(lang))
        for row in rows
    ]
    return table(columns, shown, cls="lined")


def _value(row: SettingFact, lang: Lang) -> Node:
    value: Node = element("code", row.value) if row.value else Text("not set", "未设置").to(lang)
    if row.problem is None:
        return value
    return [value, " ", element("strong", row.problem.to(lang), cls="error")]


def versions(report: Report, exit_code: int, lang: Lang) -> Node:
    rows: list[tuple[Node, ...]] = [("qtune", __version__)]
    names = {
        "packages": Text("Python and packages", "Python 与依赖包"),
        "accelerator": Text("GPU", "GPU"),
        "torch": Text("torch", "torch"),
    }
    for name, title in names.items():
        if known(getattr(report.facts, name)) is not None:
            rows.append((title.to(lang), seen(report.facts, name).to(lang)))
    took = f"{report.took_ms / 1000:.1f}"
    rows += [
        (Text("started", "开始时间").to(lang), report.started),
        (Text("took", "用时").to(lang), Text(f"{took} s", f"{took} 秒").to(lang)),
        (Text("exit", "退出码").to(lang), str(exit_code)),
    ]
    if report.suppressed:
        rows.append(
            (Text("left out with --skip", "--skip 忽略").to(lang), " ".join(report.suppressed))
        )
    columns = (Text("what", "项目").to(lang), Text("version or value", "版本或值").to(lang))
    return element("div", table(columns, rows, cls="lined"), cls="card")
