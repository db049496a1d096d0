"""What could not be looked at, and what was left out: neither fine nor broken, and said once."""

from __future__ import annotations

from rich.text import Text

from qtune.core.text import plain
from qtune.doctor.facts import known
from qtune.doctor.finding import Severity
from qtune.doctor.outcome import NO_SECRETS, Report
from qtune.doctor.report import comparison
from qtune.doctor.report.pieces import STYLES, glyph, hanging, together
from qtune.doctor.report.view import View
from qtune.doctor.rules import BY_CODE
from qtune.doctor.rules.hub.hub210 import lacking
from qtune.doctor.wording import in_both, ours


def unseen(report: Report, view: View) -> list[Text]:
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
            lines += hanging(text, 0, view, STYLES[Severity.ERROR], f"{view.glyphs.error} ")
        elif check.state == "unknown":
            if not view.verbosity and (
                not check.needed or comparison.told(report.facts, check.check)
            ):
                continue
            why = in_both(check.reason)
            text = view.say(
                f"{check.check}: could not look: {why.en}",
                f"{check.check}：无法检查：{why.zh}",
            )
            if view.verbosity > 1:
                text += f"  [{check.took_ms} ms]"
            lines += hanging(text, 0, view, "", f"{view.glyphs.unknown} ")
        elif check.state == "skipped" and check.because not in told:
            left_out.setdefault(check.because or check.reason, []).append(check.check)
    for reason, checks in left_out.items():
        if not on_purpose(reason) and not view.verbosity:
            continue  # there was nothing to look at, or the comparison says why not
        why = ours(reason) or plain(
            reason
        )  # an option or a check is called the same in any language
        text = view.say(
            f"left out ({why.en}): {together(checks, view)}",
            f"已跳过（{why.zh}）：{together(checks, view)}",
        )
        lines += hanging(text, 0, view, "dim", f"{view.glyphs.skipped} ")
        if reason == "--offline":
            lines += _without_network(report, view)
    return lines


def _without_network(report: Report, view: View) -> list[Text]:
    """The option says nothing about the run: here it may be fine, and on a node without a network not."""
    facts = report.facts
    found = known(facts.snapshot)
    told = any(finding.code == "HUB210" for finding in report.findings)
    if found is None or found.whole or told or facts.goal.kind != "train":
        return []
    lacks = lacking(facts, found)
    text = view.say(
        f"{lacks.en}: without a network, a run ends with DWN001",
        f"{lacks.zh}：在没有网络的机器上，训练会以 DWN001 结束",
    )
    return hanging(text, 0, view, "", f"{glyph(Severity.INFO, view.glyphs)} ")


def on_purpose(reason: str) -> bool:
    """Did an option, a setting or a finding keep the check from being made?"""
    if reason == NO_SECRETS or reason in BY_CODE:
        return True
    return reason.startswith(("--", "HF_HUB_OFFLINE"))


def left_out(report: Report) -> bool:
    return any(
        check.state == "skipped" and check.because is None and on_purpose(check.reason)
        for check in report.checks
    )
