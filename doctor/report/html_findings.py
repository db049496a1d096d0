"""Findings on the page: a card for each cause, with its way out, its rule's page, and what follows folded in."""

from __future__ import annotations

from collections.abc import Iterator

from qtune.core.html import Markup, Node, element, link
from qtune.core.text import Lang, Text
from qtune.doctor.finding import Applicability, Finding, Fix, Severity
from qtune.doctor.outcome import Report
from qtune.doctor.page import markdown
from qtune.doctor.report.causes import Cause, causes, place
from qtune.doctor.report.envdiff import shown_value
from qtune.doctor.report.html_prose import prose, spoken
from qtune.doctor.report.json import by_hand
from qtune.doctor.report.layout import UNICODE
from qtune.doctor.report.pieces import glyph
from qtune.doctor.report.unseen import on_purpose
from qtune.doctor.report.view import mends
from qtune.doctor.report.words import name_of, not_made
from qtune.doctor.rules import BY_CODE

_SEVERITIES = {
    Severity.ERROR: Text("error", "错误"),
    Severity.WARNING: Text("warning", "警告"),
    Severity.INFO: Text("note", "提示"),
}
_WRITES = {
    Applicability.SAFE: Text("written by: qtune doctor --fix", "可自动写入：qtune doctor --fix"),
    Applicability.UNSAFE: Text(
        "written by: qtune doctor --fix --unsafe-fixes",
        "可自动写入：qtune doctor --fix --unsafe-fixes",
    ),
    Applicability.MANUAL: Text("by hand", "需手动处理"),
}


def findings(report: Report, lang: Lang) -> Iterator[Node]:
    if not report.findings:
        none = Text("No problems found in what was checked.", "已检查的部分没有发现问题。")
        yield element("p", none.to(lang))
    told: set[str] = set()
    for cause in causes(report):
        yield _card(cause, told, lang)
    unseen = [_unseen(report, index, lang) for index in range(len(report.checks))]
    rows = [element("li", line) for line in unseen if line]
    if rows:
        title = Text("Not checked", "未能检查").to(lang)
        yield element("div", element("h3", title), element("ul", rows), cls="card")


def alone(finding: Finding, lang: Lang) -> Markup:
    return _card(Cause(finding), set(), lang)


def _card(cause: Cause, told: set[str], lang: Lang) -> Markup:
    finding = cause.finding
    follows = list(_follows(cause, told, lang))
    return element(
        "article",
        _body(finding, "h3", told, lang),
        follows,
        cls=f"card finding {finding.severity.value}",
    )


def _follows(cause: Cause, told: set[str], lang: Lang) -> Iterator[Node]:
    """Folded; a person opens it, and paper shows it."""
    count, checks = len(cause.following), len(cause.checks)
    if not count + checks:
        return
    en, zh = [], []
    if count:
        en.append(f"{count} {'finding' if count == 1 else 'findings'}")
        zh.append(f"{count} 个问题")
    if checks:
        en.append(f"{checks} {'check' if checks == 1 else 'checks'} not made")
        zh.append(f"{checks} 项检查未能进行")
    words = Text(f"Follows from this: {', '.join(en)}", f"由此引起：{'，'.join(zh)}").to(lang)
    items = [
        element("li", _body(other, "h4", told, lang), cls=other.severity.value)
        for other in cause.following
    ]
    if checks:
        label = Text("Not checked because of this: ", "因此未能检查：").to(lang)
        comma = Text(", ", "、").to(lang)
        named: list[Node] = []
        for number, check in enumerate(cause.checks):
            named += [comma if number else "", element("code", check)]
        items.append(element("li", label, named))
    yield element("details", element("summary", words), element("ul", items, cls="follows"))


def _body(finding: Finding, heading: str, told: set[str], lang: Lang) -> Iterator[Node]:
    severity = _SEVERITIES[finding.severity].to(lang)
    yield element(
        "p",
        element("span", glyph(finding.severity, UNICODE), cls="mark", aria_hidden="true"),
        element("b", severity),
        f" · {finding.code} {name_of(finding.code)}",
        cls=f"kicker {finding.severity.value}",
    )
    yield element(heading, spoken(finding.message.to(lang)))
    items = [element("li", element("code", place(finding.span)))] if finding.span else []
    items += [element("li", spoken(item.to(lang))) for item in finding.evidence]
    if items:
        yield element("ul", items, cls="dim")
    if finding.fix is not None:
        yield element("div", _fix(finding, finding.fix, lang), cls="fix")
    if finding.url:
        yield element("p", link(finding.url))
    rule = BY_CODE.get(finding.code)
    if rule is not None and finding.code not in told:
        told.add(finding.code)
        about = Text(f"About {finding.code}", f"关于 {finding.code}").to(lang)
        _, _, page = markdown(rule, lang).partition("\n")
        yield element(
            "details",
            element("summary", about),
            element("div", prose(page), cls="page"),
            cls="about",
        )


def _fix(finding: Finding, fix: Fix, lang: Lang) -> Iterator[Node]:
    kind = fix.applicability if mends(finding) else Applicability.MANUAL
    chip = element("span", _WRITES[kind].to(lang), cls="chip")
    title = element("strong", spoken(fix.title.to(lang)))
    yield element("p", "→ ", title, " ", chip)
    if fix.patch is not None:
        lines = [f"{key}={shown_value(key, value)}" for key, value in fix.patch.set.items()]
        if lines:
            yield element("p", Text("In .env:", "写入 .env：").to(lang), cls="dim")
            yield _copied("\n".join(lines))
        # What stands in the shell is taken away there, and the command says how.
        elsewhere = kind is Applicability.MANUAL and fix.command
        for key in () if elsewhere else sorted(fix.patch.unset):
            words = Text("Take out of .env: ", "从 .env 中删去：").to(lang)
            yield element("p", words, element("code", key))
    for edit in fix.edits:
        yield element("p", element("code", place(edit.span)), " →")
        yield _copied(edit.text)
    command = fix.command or by_hand(fix)
    if command and command not in fix.title.to(lang):
        yield _copied(command)
    if fix.url and fix.url != finding.url and fix.url not in fix.title.to(lang):
        yield element("p", link(fix.url))


def _copied(text: str) -> Markup:
    """One click takes all of it."""
    return element("pre", element("code", text), cls="copy", tabindex="0")


def _unseen(report: Report, index: int, lang: Lang) -> list[Node]:
    """What a reader has to know beside the findings: crashes, silence, and what was left out on purpose."""
    check = report.checks[index]
    if check.because is not None or check.state == "ok":
        return []
    if check.state == "skipped" and not on_purpose(check.reason):
        return []
    if check.state == "unknown" and not check.needed:
        return []
    colon = Text(": ", "：").to(lang)
    return [element("code", check.check), colon, not_made(check, lang)]
