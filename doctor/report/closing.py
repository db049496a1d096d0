"""The last lines: how many of what, how each area stands, and one thing to do next."""

from __future__ import annotations

from collections.abc import Iterator

from rich.cells import cell_len
from rich.text import Text

from qtune.core.secret import redact
from qtune.doctor.finding import Severity
from qtune.doctor.outcome import Report
from qtune.doctor.report import comparison
from qtune.doctor.report.areas import areas
from qtune.doctor.report.pieces import STYLES, glyph, hanging
from qtune.doctor.report.unseen import left_out
from qtune.doctor.report.view import View, next_step
from qtune.doctor.tally import tally


def closing(report: Report, view: View) -> Iterator[Text]:
    bullet = f" {view.glyphs.bullet} "
    worst = min((f.severity for f in report.findings), key=lambda s: s.rank, default=Severity.INFO)
    states = [check.state for check in report.checks]
    left = sum(check.state == "skipped" and check.needed for check in report.checks)
    made = len(states) - states.count("skipped")
    tail = [view.say(f"{made} {'check' if made == 1 else 'checks'}", f"{made} 项检查")]
    if left:
        tail.append(view.say(f"{left} skipped", f"跳过 {left} 项"))
    unknown = sum(
        check.state == "unknown" and check.needed and not comparison.told(report.facts, check.check)
        for check in report.checks
    )
    if unknown:
        tail.append(view.say(f"{unknown} without an answer", f"{unknown} 项没有结果"))
    if report.ignored:
        tail.append(_quiet(report, view))
    tail.append(view.say(f"{report.took_ms / 1000:.1f} s", f"{report.took_ms / 1000:.1f} 秒"))
    counts = _counts(report, view)
    if crashed := states.count("crashed"):
        worst = Severity.ERROR
        words = "check crashed" if crashed == 1 else "checks crashed"
        counts.append(view.say(f"{crashed} {words}", f"{crashed} 项检查崩溃"))
    if worst is Severity.INFO:
        head, style = view.glyphs.ok, "bold green"
        if unknown or left_out(report):
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
        yield from hanging(rest, 2, view)
    if worst is not Severity.INFO:
        yield from areas(report, view)


def _quiet(report: Report, view: View) -> str:
    """How many were kept quiet, and which: a suppression that somebody else wrote must not go unseen."""
    codes = dict.fromkeys(item.finding.code for item in report.ignored)
    shown = ", ".join([*codes][:4]) + (", …" if len(codes) > 4 else "")
    count = len(report.ignored)
    return view.say(f"{count} suppressed ({shown})", f"已忽略 {count} 项（{shown}）")


def _counts(report: Report, view: View) -> list[str]:
    parts = tally(finding.severity for finding in report.findings)
    return [part.to(view.lang) for part in parts]


def onward(report: Report, view: View) -> list[Text]:
    step = redact(next_step(report, view))
    return [Text(view.say("Next: ", "下一步：")).append(step, "bold")]
