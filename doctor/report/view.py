"""How a report is to be told, and what to type next: all that a renderer knows beside the report."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePath

from qtune.core.text import Lang, Text
from qtune.doctor.finding import Applicability, Finding, Severity
from qtune.doctor.outcome import Report
from qtune.doctor.report.layout import UNICODE, Glyphs


@dataclass(frozen=True)
class View:
    """`again` is the doctor's own command for this goal, `onward` what comes after a clean report.

    `replayed`: the facts come from a file, so nothing can be mended here. `fixing`: what would be
    recommended is done right now.
    """

    lang: Lang = "en"
    width: int = 80
    verbosity: int = 0
    glyphs: Glyphs = UNICODE
    again: str = "qtune doctor"
    onward: str = "qtune run sft.yaml"
    replayed: bool = False
    fixing: bool = False

    def say(self, en: str, zh: str) -> str:
        return Text(en, zh).to(self.lang)


def next_step(report: Report, view: View) -> str:
    """Exactly one thing to do: a command, or a page to open.

    The first cause that something can be done about decides; warnings stand in nobody's way, but a safe
    fix for one is still the better next step than going on without it.
    """
    errors = [f for f in report.findings if f.severity is Severity.ERROR]
    for finding in errors:
        step = _step(finding, view)
        if step:
            return step
    if errors:
        return f"qtune explain {errors[0].code}"
    if any(check.state == "crashed" for check in report.checks) and not view.replayed:
        return f"{view.again} --format markdown"  # what a report of the bug should hold
    for finding in report.findings:
        safe = finding.fix is not None and finding.fix.applicability is Applicability.SAFE
        if finding.severity is Severity.WARNING and safe and mends(finding) and not view.replayed:
            return f"{view.again} --fix"
    return view.onward


def _step(finding: Finding, view: View) -> str:
    fix = finding.fix
    if fix is None:
        return ""
    if fix.applicability is Applicability.MANUAL:
        return fix.command or fix.url
    if view.replayed or not mends(finding):
        return ""
    unsafe = " --unsafe-fixes" if fix.applicability is Applicability.UNSAFE else ""
    return f"{view.again} --fix{unsafe}"


# `--fix` writes settings; a run config, a list of packages and source are edited in the editor.
_BY_EDITOR = (".yaml", ".yml", ".toml", ".txt", ".in", ".py", ".ipynb")


def mends(finding: Finding) -> bool:
    """Is there something that `--fix` does about it?"""
    fix = finding.fix
    if fix is None or fix.applicability is Applicability.MANUAL:
        return False
    edits = any(PurePath(e.span.path).suffix.lower() not in _BY_EDITOR for e in fix.edits)
    return bool(fix.patch or edits or fix.chmod or fix.gitignore or fix.reencode)
