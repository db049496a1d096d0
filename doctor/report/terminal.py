"""The report as a person reads it: causes first, what follows folded under them, one thing to do next.

No line is longer than the view is wide, save where a word (a URL) is. Severity is told by a glyph, never
by colour alone, and no colour is used that fails on a light or on a dark ground.
"""

from __future__ import annotations

from rich.cells import cell_len
from rich.text import Text

from qtune.core.secret import redact
from qtune.doctor.outcome import Report
from qtune.doctor.report import causes, comparison, envdiff
from qtune.doctor.report.asked import GOALS, subject
from qtune.doctor.report.closing import closing, onward
from qtune.doctor.report.detail import checks
from qtune.doctor.report.pieces import hanging
from qtune.doctor.report.unseen import unseen
from qtune.doctor.report.view import View
from qtune.doctor.suppression.settle import place_of


def render(report: Report, view: View) -> Text:
    """The whole report; a console decides about its colours."""
    blocks = [
        _title(report, view),
        *causes.blocks(report, view),
        _hubs(report, view),
        [] if view.fixing else _settings(report, view),
        unseen(report, view),
        _quiet(report, view) if view.verbosity else [],
        checks(report, view) if view.verbosity else [],
        [*closing(report, view)],
        [] if view.fixing else onward(report, view),
    ]
    return Text("\n\n").join(Text("\n").join(block) for block in blocks if block)


def summary(report: Report, view: View) -> Text:
    """The last lines alone: how it stands now, and what to do next."""
    return Text("\n\n").join(
        [Text("\n").join(closing(report, view)), Text("\n").join(onward(report, view))]
    )


def _title(report: Report, view: View) -> list[Text]:
    goal = report.facts.goal
    (first, *others), more = subject(goal, view.lang)
    line = Text().append(redact(first), "bold")  # a style given to Text() would reach the tail
    bullet = f" {view.glyphs.bullet} "
    tail = bullet.join([GOALS[goal.kind].to(view.lang), *others, *([more] if more else [])])
    if line.cell_len + cell_len(bullet + tail) <= view.width:
        return [line.append(bullet + tail, "dim")]
    return [*hanging(first, 0, view, "bold"), *hanging(tail, 2, view, "dim")]


def _hubs(report: Report, view: View) -> list[Text]:
    sentence = comparison.serving(report.facts, view)
    lines = hanging(sentence, 0, view) if sentence else []
    table = comparison.table(report.facts, view)
    return [*lines, Text(""), *table] if lines and table else lines + table


def _settings(report: Report, view: View) -> list[Text]:
    rows = envdiff.recommended(report, view)
    if not rows:
        return []
    return [Text(view.say("Recommended .env", "建议的 .env"), "bold"), *rows]


def _quiet(report: Report, view: View) -> list[Text]:
    """What was kept quiet, by whom, and why."""
    if not report.ignored:
        return []
    lines = [Text(view.say("Suppressed", "已忽略"), "bold")]
    for item in report.ignored:
        head = f"{view.glyphs.skipped} {item.finding.code:<7}  "
        lines += hanging(item.finding.message.to(view.lang), 0, view, "", head)
        by = causes.place(place_of(item.by))
        reason = view.say(f": {item.by.reason}", f"：{item.by.reason}") if item.by.reason else ""
        lines += hanging(by + reason, 11, view, "dim", f"{view.glyphs.bullet} ")
    return lines
