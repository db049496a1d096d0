"""The report as a person reads it: causes first, what follows folded under them, one thing to do next.

No line is longer than the view is wide, save where a word (a URL) is. Severity is told by a glyph, never
by colour alone, and no colour is used that fails on a light or on a dark ground.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from rich.cells import cell_len
from rich.text import Text

from qtune.core.secret import redact
from qtune.core.text import Text as Said
from qtune.doctor.codec import to_plain
from qtune.doctor.finding import Applicability, Finding, Fix, Severity, Span
from qtune.doctor.outcome import Report
from qtune.doctor.report import comparison, envdiff
from qtune.doctor.report.areas import areas
from qtune.doctor.report.layout import WIDEST_TEXT, Glyphs, wrap
from qtune.doctor.report.passes import fact_of, seen, went_well
from qtune.doctor.report.view import View, mends, next_step
from qtune.doctor.rules import BY_CODE

STYLES = {Severity.ERROR: "bold red", Severity.WARNING: "bold magenta", Severity.INFO: "bold"}
_BODY = 11  # where messages begin: glyph, blank, a code of up to seven characters, two blanks


def render(report: Report, view: View) -> Text:
    """The whole report; a console decides about its colours."""
    blocks = [
        [_title(report, view)],
        *(_finding(finding, report, view) for finding in report.findings if not finding.because),
        _hubs(report, view),
        [] if view.fixing else _settings(report, view),
        _not_looked(report, view),
        _checks(report, view) if view.verbosity else [],
        [*_summary(report, view)],
        [] if view.fixing else _next(report, view),
    ]
    return Text("\n\n").join(Text("\n").join(block) for block in blocks if block)


def summary(report: Report, view: View) -> Text:
    """The last lines alone: how it stands now, and what to do next."""
    return Text("\n\n").join(
        [Text("\n").join(_summary(report, view)), Text("\n").join(_next(report, view))]
    )


def glyph(severity: Severity, glyphs: Glyphs) -> str:
    return {
        Severity.ERROR: glyphs.error,
        Severity.WARNING: glyphs.warning,
        Severity.INFO: glyphs.info,
    }[severity]


_GOALS = {
    "download": Said("to download", "下载"),
    "train": Said("to train", "训练"),
    "push": Said("to push", "上传"),
}


def _title(report: Report, view: View) -> Text:
    goal = report.facts.goal
    line = Text().append(redact(goal.model), "bold")  # a style given to Text() would reach the tail
    tail = f" {view.glyphs.bullet} {_GOALS[goal.kind].to(view.lang)}"
    if goal.run_config:
        tail += f" {view.glyphs.bullet} {goal.run_config}"
    return line.append(tail, "dim")


def _width(view: View) -> int:
    return min(view.width, WIDEST_TEXT)


def _hanging(text: str, indent: int, view: View, style: str = "", mark: str = "") -> list[Text]:
    """`text` from column `indent` on, with `mark` hanging before its first line."""
    lines = wrap(redact(text), max(20, _width(view) - indent - len(mark)))
    first, rest = " " * indent + mark, " " * (indent + len(mark))
    return [
        Text((first if number == 0 else rest) + line, style) for number, line in enumerate(lines)
    ]


def _finding(finding: Finding, report: Report, view: View) -> list[Text]:
    lines = _headline(finding, view, 0)
    lines += _details(finding, view, _BODY)
    if finding.fix is not None:
        lines += _fix(finding, finding.fix, view)
    lines += _following(finding, report, view)
    return lines


def _headline(finding: Finding, view: View, indent: int) -> list[Text]:
    style = STYLES[finding.severity]
    said = wrap(redact(finding.message.to(view.lang)), max(20, _width(view) - indent - _BODY))
    first = Text(" " * indent)
    first.append(f"{glyph(finding.severity, view.glyphs)} {finding.code:<7}", style)
    first.append(f"  {said[0]}", "bold" if not indent else "")
    rest = [Text(" " * (indent + _BODY) + line, "bold" if not indent else "") for line in said[1:]]
    return [first, *rest]


def _details(finding: Finding, view: View, indent: int) -> list[Text]:
    mark = f"{view.glyphs.bullet} "
    lines: list[Text] = []
    if finding.span is not None and f"line {finding.span.line}" not in finding.message.en:
        lines += _hanging(place(finding.span), indent, view, "dim", mark)
    for evidence in finding.evidence:
        lines += _hanging(evidence.to(view.lang), indent, view, "dim", mark)
    return lines


def place(span: Span) -> str:
    """As editors and terminals understand it; a `.env` goes by its name, a report by many folders."""
    name = span.path.replace("\\", "/").rpartition("/")[2]
    path = name if name.startswith(".env") else span.path
    return f"{path}:{span.line}:{span.column}" if span.line else path


def _fix(finding: Finding, fix: Fix, view: View) -> list[Text]:
    mark = f"{view.glyphs.arrow} "
    if fix.applicability is Applicability.MANUAL or not mends(finding):
        lines = _hanging(fix.title.to(view.lang), _BODY, view, "", mark)
        for step in (fix.command, fix.url):
            if step and step not in fix.title.to(view.lang):
                lines.append(Text(" " * (_BODY + len(mark)) + redact(step), "bold"))
        return lines
    flag = "--fix --unsafe-fixes" if fix.applicability is Applicability.UNSAFE else "--fix"
    if fix.patch is not None:
        written = [
            f"{key}={envdiff.shown_value(key, value)}" for key, value in fix.patch.set.items()
        ]
        removed = [view.say(f"without {key}", f"删去 {key}") for key in sorted(fix.patch.unset)]
        text = f".env: {', '.join([*written, *removed])}"
    else:
        text = fix.title.to(view.lang)
    return _hanging(f"{text}  ({flag})", _BODY, view, "", mark)


def _following(finding: Finding, report: Report, view: View) -> list[Text]:
    """What follows from `finding`, folded: the findings, and how many checks could not be made."""
    lines: list[Text] = []
    for other in _chain(finding, report):
        block = _headline(other, view, len(view.glyphs.branch) + 3)
        block[0] = (
            Text()
            .append(f"  {view.glyphs.branch} ", "dim")
            .append_text(block[0][len(view.glyphs.branch) + 3 :])
        )
        lines += block
        if view.verbosity:
            lines += _details(other, view, _BODY + len(view.glyphs.branch) + 3)
    codes = {finding.code, *(other.code for other in _chain(finding, report))}
    checks = [check.check for check in report.checks if check.because in codes]
    if checks:
        text = view.say("not checked because of this: ", "因此未能检查：") + together(checks, view)
        lines += _hanging(text, 2, view, "dim", f"{view.glyphs.branch} ")
    return lines


def together(checks: list[str], view: View) -> str:
    """`gate, speed (modelscope, huggingface)`: kinds of checks that were made of the same hubs, once."""
    hubs: dict[str, list[str]] = {}
    for check in checks:
        kind, _, source = check.partition(".")
        hubs.setdefault(kind, []).append(source)
    groups: dict[tuple[str, ...], list[str]] = {}
    for kind, sources in hubs.items():
        groups.setdefault(tuple(sources), []).append(kind)
    comma = view.say(", ", "、")

    def of_hubs(sources: tuple[str, ...]) -> str:
        listed = comma.join(sources)
        return view.say(f" ({listed})", f"（{listed}）") if listed else ""

    return comma.join(comma.join(kinds) + of_hubs(sources) for sources, kinds in groups.items())


def _chain(finding: Finding, report: Report) -> list[Finding]:
    """Every finding that follows from `finding`, nearest first."""
    chain: list[Finding] = []
    codes = [finding.code]
    while codes:
        code = codes.pop(0)
        for other in report.findings:
            if other.because == code and other not in chain and other is not finding:
                chain.append(other)
                codes.append(other.code)
    return chain


def _hubs(report: Report, view: View) -> list[Text]:
    sentence = comparison.serving(report.facts, view)
    lines = _hanging(sentence, 0, view) if sentence else []
    table = comparison.table(report.facts, view)
    return [*lines, Text(""), *table] if lines and table else lines + table


def _settings(report: Report, view: View) -> list[Text]:
    rows = envdiff.recommended(report, view)
    if not rows:
        return []
    return [Text(view.say("Recommended .env", "建议的 .env"), "bold"), *rows]


def _not_looked(report: Report, view: View) -> list[Text]:
    """Each check that could not be made, once; those left out on purpose only as a count."""
    lines: list[Text] = []
    left_out: dict[str, list[str]] = {}
    told = {finding.code for finding in report.findings}
    for check in report.checks:
        if check.state == "crashed":
            text = view.say(
                f"{check.check}: a bug in qtune, please report it: {check.reason}",
                f"{check.check}：qtune 自身出错，请反馈：{check.reason}",
            )
            lines += _hanging(text, 0, view, STYLES[Severity.ERROR], f"{view.glyphs.error} ")
        elif check.state == "unknown":
            if comparison.told(report.facts, check.check) and not view.verbosity:
                continue
            late = f"{round(check.took_ms / 1000)} 秒后超时"
            why = late if check.reason.startswith("timed out") else check.reason
            text = view.say(
                f"{check.check}: could not look: {check.reason}",
                f"{check.check}：无法检查：{why}",
            )
            lines += _hanging(text, 0, view, "", f"{view.glyphs.unknown} ")
        elif check.state == "skipped" and check.because not in told:
            left_out.setdefault(check.because or check.reason, []).append(check.check)
    for reason, checks in left_out.items():
        if not _on_purpose(reason) and not view.verbosity:
            continue  # there was nothing to look at, or the comparison says why not
        text = view.say(
            f"left out ({reason}): {together(checks, view)}",
            f"已跳过（{reason}）：{together(checks, view)}",
        )
        lines += _hanging(text, 0, view, "dim", f"{view.glyphs.skipped} ")
    return lines


def _checks(report: Report, view: View) -> list[Text]:
    """-v: what each check saw; -vv: with its time and its facts as they are."""
    lines = [Text(view.say("Checks", "检查"), "bold")]
    widest = max((len(check.check) for check in report.checks), default=0)
    for check in report.checks:
        if check.state != "ok":
            continue
        said = seen(report.facts, check.check).to(view.lang)
        if view.verbosity > 1:
            said += f"  [{check.took_ms} ms]"
        indent = min(widest, 24) + 4
        block = _hanging(said, indent, view)
        mark = view.glyphs.ok if went_well(report.facts, check.check) else view.glyphs.error
        name = f"{mark} {check.check:<{indent - 4}}  "
        block[0] = Text(name).append_text(block[0][indent:])
        lines += block
        if view.verbosity > 1:
            lines += _raw(report, check.check)
    return lines


def _raw(report: Report, check: str) -> Iterator[Text]:
    fact = fact_of(report.facts, check)
    shown = json.dumps(to_plain(getattr(fact, "value", None)), ensure_ascii=False, indent=2)
    for line in redact(shown).splitlines():
        yield Text(f"      {line}", "dim")


def _summary(report: Report, view: View) -> Iterator[Text]:
    bullet = f" {view.glyphs.bullet} "
    worst = min((f.severity for f in report.findings), key=lambda s: s.rank, default=Severity.INFO)
    states = [check.state for check in report.checks]
    left = sum(check.state == "skipped" and check.needed for check in report.checks)
    made = len(states) - states.count("skipped")
    tail = [view.say(f"{made} {'check' if made == 1 else 'checks'}", f"{made} 项检查")]
    if left:
        tail.append(view.say(f"{left} skipped", f"跳过 {left} 项"))
    unknown = sum(
        check.state == "unknown" and not comparison.told(report.facts, check.check)
        for check in report.checks
    )
    if unknown:
        tail.append(view.say(f"{unknown} without an answer", f"{unknown} 项没有结果"))
    tail.append(view.say(f"{report.took_ms / 1000:.1f} s", f"{report.took_ms / 1000:.1f} 秒"))
    counts = _counts(report, view)
    if crashed := states.count("crashed"):
        worst = Severity.ERROR
        words = "check crashed" if crashed == 1 else "checks crashed"
        counts.append(view.say(f"{crashed} {words}", f"{crashed} 项检查崩溃"))
    if worst is Severity.INFO:
        head, style = view.glyphs.ok, "bold green"
        if unknown or _left_out(report):
            first = view.say("No problems found in what was checked", "已检查的部分没有发现问题")
        else:
            first = view.say("No problems found", "没有发现问题")
        tail = [*counts, *tail]
    else:
        head, style = glyph(worst, view.glyphs), STYLES[worst]
        first = view.say(", ", "，").join(counts)
    line = Text().append(f"{head} ", style).append(first, "bold")
    rest = bullet.join(tail)
    if line.cell_len + cell_len(bullet + rest) <= view.width:
        yield line.append(bullet + rest)
    else:
        yield line
        yield from _hanging(rest, 2, view)
    if worst is not Severity.INFO:
        yield from areas(report, view)


def _on_purpose(reason: str) -> bool:
    """Did an option, a setting or a finding keep the check from being made?"""
    return reason.startswith(("--", "HF_HUB_OFFLINE")) or reason in BY_CODE


def _left_out(report: Report) -> bool:
    return any(
        check.state == "skipped" and check.because is None and _on_purpose(check.reason)
        for check in report.checks
    )


def _counts(report: Report, view: View) -> list[str]:
    words = {
        Severity.ERROR: (Said("error", "个错误"), Said("errors", "个错误")),
        Severity.WARNING: (Said("warning", "个警告"), Said("warnings", "个警告")),
        Severity.INFO: (Said("note", "条提示"), Said("notes", "条提示")),
    }
    parts = []
    for severity, (one, more) in words.items():
        count = sum(finding.severity is severity for finding in report.findings)
        if count:
            parts.append(f"{count} {(one if count == 1 else more).to(view.lang)}")
    return parts


def _next(report: Report, view: View) -> list[Text]:
    step = redact(next_step(report, view))
    return [Text(view.say("Next: ", "下一步：")).append(step, "bold")]
