"""-v: what each check saw; -vv: with its time and its facts as they are."""

from __future__ import annotations

import json
from collections.abc import Iterator

from rich.text import Text

from qtune.core.secret import redact
from qtune.doctor.codec import to_plain
from qtune.doctor.outcome import Report
from qtune.doctor.report.passes import fact_of, seen, went_well
from qtune.doctor.report.pieces import hanging
from qtune.doctor.report.view import View


def checks(report: Report, view: View) -> list[Text]:
    lines = [Text(view.say("Checks", "检查"), "bold")]
    widest = max((len(check.check) for check in report.checks), default=0)
    for check in report.checks:
        if check.state != "ok":
            continue
        said = seen(report.facts, check.check).to(view.lang)
        if view.verbosity > 1:
            said += f"  [{check.took_ms} ms]"
        indent = min(widest, 24) + 4
        block = hanging(said, indent, view)
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
