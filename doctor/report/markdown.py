"""The report to be pasted into an issue: versions, findings with evidence, measurements, every check.

Beside secrets, the home directory and the names of accounts are left out. Text from elsewhere can neither
format, nor hide a link, nor call anybody by @name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from qtune import __version__
from qtune.core.errors import QtuneError
from qtune.core.text import Lang, Text
from qtune.doctor.facts import Facts, SettingFact, known
from qtune.doctor.finding import Finding, Severity, finding_of
from qtune.doctor.outcome import CheckState, Report
from qtune.doctor.report import comparison, envdiff
from qtune.doctor.report.asked import CHECK, DOCTOR, GOALS, command_of, subject
from qtune.doctor.report.causes import causes, place
from qtune.doctor.report.passes import seen
from qtune.doctor.report.unbroken import cell, code, fence, inline, table
from qtune.doctor.report.view import View
from qtune.doctor.report.words import broken_off, name_of, not_made, told, way_out
from qtune.doctor.suppression.settle import place_of

_MARKS = {Severity.ERROR: "❌", Severity.WARNING: "⚠️", Severity.INFO: "ℹ️"}
_SEVERITIES = {
    Severity.ERROR: Text("error", "错误"),
    Severity.WARNING: Text("warning", "警告"),
    Severity.INFO: Text("note", "提示"),
}
_STATES = {
    "ok": Text("made", "已完成"),
    "skipped": Text("skipped", "已跳过"),
    "unknown": Text("no answer", "没有结果"),
    "crashed": Text("crashed", "崩溃"),
}
Hide = Callable[[str], str]


def render(report: Report, exit_code: int, lang: Lang) -> str:
    hide = _hiding(report.facts)
    blocks = [
        _title(report.facts, hide, lang),
        _versions(report, exit_code, hide, lang),
        *_findings(report, hide, lang),
        _hubs(report, hide, lang),
        _env(report, hide, lang),
        _checks(report, hide, lang),
    ]
    return "\n\n".join(block for block in blocks if block) + "\n"


def failed(
    error: BaseException,
    exit_code: int,
    lang: Lang,
    settings: Iterable[SettingFact] = (),
    took_ms: int = 0,
    command: str = DOCTOR,
) -> str:
    hide = _hiding(None)
    rows = [("qtune", __version__), (Text("exit", "退出码").to(lang), str(exit_code))]
    if isinstance(error, QtuneError):
        body = _finding(finding_of(error), hide, lang)
    else:
        body = [f"### ❌ {inline(hide(broken_off(error, lang)))}"]
    return "\n\n".join([f"## {command}", table(("", ""), rows), *body]) + "\n"


def summary(report: Report, lang: Lang) -> str:
    """The findings as one table, for the page of a CI run."""
    hide = _hiding(report.facts)
    head = _title(report.facts, hide, lang)
    if not report.findings:
        return f"{head}\n\n{_none(lang)}\n"
    columns = ("", Text("code", "代码").to(lang), Text("finding", "问题").to(lang))
    rows = [
        (
            _MARKS[f.severity],
            cell(f"{f.code} {name_of(f.code)}"),
            inline(hide(f.message.to(lang))),
        )
        for f in report.findings
    ]
    return f"{head}\n\n{table(columns, rows)}\n"


def _title(facts: Facts, hide: Hide, lang: Lang) -> str:
    goal = facts.goal
    named, more = subject(goal, lang)
    parts = [code(hide(name)) for name in named] + ([more] if more else [])
    parts.insert(len(parts) if goal.kind == "check" else 1, GOALS[goal.kind].to(lang))
    return f"## {command_of(facts)}: {' · '.join(parts)}"


def _versions(report: Report, exit_code: int, hide: Hide, lang: Lang) -> str:
    rows = [("qtune", __version__)]
    for name in ("packages", "accelerator", "torch"):
        if known(getattr(report.facts, name)) is not None:
            rows.append((name, inline(hide(seen(report.facts, name).to(lang)))))
    rows += [
        (Text("started", "开始时间").to(lang), inline(report.started)),
        (Text("took", "用时").to(lang), f"{report.took_ms / 1000:.1f} s"),
        (Text("exit", "退出码").to(lang), str(exit_code)),
    ]
    quiet = [
        f"{item.finding.code} ({place(place_of(item.by))}"
        + (f": {item.by.reason})" if item.by.reason else ")")
        for item in report.ignored
    ]
    if quiet or report.suppressed:
        words = ", ".join((*quiet, *report.suppressed))
        rows.append((Text("suppressed", "已忽略").to(lang), inline(hide(words))))
    return table(("", ""), rows)


def _none(lang: Lang) -> str:
    return Text("No problems found in what was checked.", "已检查的部分没有发现问题。").to(lang)


def _findings(report: Report, hide: Hide, lang: Lang) -> Iterator[str]:
    if not report.findings:
        yield _none(lang)
    for cause in causes(report):
        yield from _finding(cause.finding, hide, lang)
        for other in cause.following:
            yield from _finding(other, hide, lang, level="####")
        if cause.checks:
            words = Text("Not checked because of this: ", "因此未能检查：").to(lang)
            yield words + ", ".join(code(hide(check)) for check in cause.checks)


def _finding(finding: Finding, hide: Hide, lang: Lang, level: str = "###") -> list[str]:
    follows = ""
    if finding.because is not None:
        words = Text(f" (follows from {finding.because})", f"（由 {finding.because} 引起）")
        follows = words.to(lang)
    severity = _SEVERITIES[finding.severity].to(lang)
    mark = _MARKS[finding.severity]
    blocks = [
        f"{level} {mark} {finding.code} {name_of(finding.code)} ({severity}){follows}",
        inline(hide(finding.message.to(lang))),
    ]
    items = [place(finding.span)] if finding.span is not None else []
    items += [item.to(lang) for item in finding.evidence]
    if items:
        blocks.append("\n".join(f"- {code(hide(item))}" for item in items))
    if finding.fix is not None:
        blocks.append(fence("\n".join(hide(line) for line in way_out(finding.fix, lang))))
    return blocks


def _hubs(report: Report, hide: Hide, lang: Lang) -> str:
    view = View(lang, width=100)
    lines = [comparison.serving(report.facts, view), ""]
    lines += [line.plain for line in comparison.table(report.facts, view)]
    text = "\n".join(lines).strip()
    return fence(hide(text)) if text else ""


def _env(report: Report, hide: Hide, lang: Lang) -> str:
    rows = envdiff.recommended(report, View(lang, width=100))
    if not rows:
        return ""
    head = Text("Recommended .env", "建议的 .env").to(lang)
    return f"### {head}\n\n" + fence(hide("\n".join(row.plain.strip() for row in rows)), "diff")


def _checks(report: Report, hide: Hide, lang: Lang) -> str:
    if not report.checks:
        return ""
    columns = (
        Text("check", "检查").to(lang),
        Text("state", "状态").to(lang),
        "ms",
        Text("what was seen", "所见").to(lang),
    )
    rows = [
        (
            cell(hide(check.check)),
            _STATES[check.state].to(lang),
            str(check.took_ms),
            inline(hide(_saw(check, report, lang))),
        )
        for check in report.checks
    ]
    title = Text(f"All checks ({len(rows)})", f"全部检查（{len(rows)}）")
    if command_of(report.facts) == CHECK:
        title = Text(f"All files ({len(rows)})", f"全部文件（{len(rows)}）")
    return f"<details><summary>{title.to(lang)}</summary>\n\n{table(columns, rows)}\n\n</details>"


def _saw(check: CheckState, report: Report, lang: Lang) -> str:
    if check.state != "ok":
        return not_made(check, lang)
    return seen(report.facts, check.check).to(lang)


# --- what a reader of the issue need not know -----------------------------------------------------

_HOMES = re.compile(r"(?<![\w.])(?:/home|/Users)/[^/\s:'\"]+|\b[A-Za-z]:\\Users\\[^\\\s:'\"]+")


def _hiding(facts: Facts | None) -> Hide:
    """The home of this user, whatever looks like a home, and the names of the accounts behind tokens."""
    home = re.compile(re.escape(str(Path.home())) + r"(?![\w.-])")
    rows = facts.identity.values() if facts is not None else ()
    names = {who.name for row in rows if (who := known(row)) is not None and len(who.name) > 2}
    # The owner in a model's id is part of the question.
    accounts = [re.compile(rf"(?<![\w/.-]){re.escape(name)}(?![\w/.-])") for name in names]

    def hide(text: str) -> str:
        text = _HOMES.sub("~", home.sub("~", told(text)))
        for account in accounts:
            text = account.sub("…", text)
        return text

    return hide
