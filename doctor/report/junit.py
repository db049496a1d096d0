"""The report as JUnit XML: a suite of the checks that were made, and one of what was found; pure ASCII.

Errors are failures, a crashed check is an error; a warning is a passed case whose output tells it. What could
not be looked at is skipped, with the reason: neither fine nor broken.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from qtune import __version__
from qtune.core.errors import QtuneError
from qtune.core.text import Lang
from qtune.doctor.facts import Goal, SettingFact
from qtune.doctor.finding import Finding, Severity, finding_of
from qtune.doctor.outcome import CheckState, Report
from qtune.doctor.report.asked import CHECK, DOCTOR, command_of
from qtune.doctor.report.passes import seen
from qtune.doctor.report.words import broken_off, name_of, not_made, one_line, paragraph, told
from qtune.doctor.rules import RULES


def render(report: Report, exit_code: int, lang: Lang) -> str:
    checks = [_check(check, report, lang) for check in report.checks]
    goal = report.facts.goal
    properties = {
        "goal": goal.kind,
        **_about(goal),
        "suppressed": " ".join(
            (*dict.fromkeys(i.finding.code for i in report.ignored), *report.suppressed)
        ),
    }
    name = command_of(report.facts)
    return _document(name, checks, _families(report, lang), exit_code, properties, report)


def _about(goal: Goal) -> dict[str, str]:
    if goal.kind == "check":
        return {"files": one_line(" ".join(goal.files))}
    return {"model": one_line(goal.model), "run_config": one_line(goal.run_config or "")}


def failed(
    error: BaseException,
    exit_code: int,
    lang: Lang,
    settings: Iterable[SettingFact] = (),
    took_ms: int = 0,
    command: str = DOCTOR,
) -> str:
    """One case in error: the examination itself."""
    case = _case(_class(command), "examination", took_ms)
    code = error.code if isinstance(error, QtuneError) else type(error).__name__
    row = SubElement(case, "error", type=one_line(code), message=one_line(broken_off(error, lang)))
    row.text = (
        paragraph(finding_of(error), lang)
        if isinstance(error, QtuneError)
        else broken_off(error, lang)
    )
    return _document(command, [case], [], exit_code, {}, None)


def _class(command: str, *more: str) -> str:
    """As Java names classes, which is what readers of JUnit group by."""
    return ".".join((*command.split(), *more))


def _document(
    command: str,
    checks: Sequence[Element],
    findings: Sequence[Element],
    exit_code: int,
    properties: dict[str, str],
    report: Report | None,
) -> str:
    root = Element("testsuites", name=command)
    suites = [("files" if command == CHECK else "checks", checks), ("findings", findings)]
    for name, cases in suites:
        suite = SubElement(root, "testsuite", name=f"{command}: {name}")
        for key, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            suite.set(key, str(sum(case.find(tag) is not None for case in cases)))
        suite.set("tests", str(len(cases)))
        suite.set("time", f"{sum(float(case.get('time', '0')) for case in cases):.3f}")
        if report is not None:
            suite.set("timestamp", report.started[:19])
        table = SubElement(suite, "properties")
        for key, value in {"qtune": __version__, "exit": str(exit_code), **properties}.items():
            SubElement(table, "property", name=key, value=value)
        suite.extend(cases)
    for key in ("tests", "failures", "errors"):
        root.set(key, str(sum(int(suite.get(key, "0")) for suite in root)))
    took_ms = 0 if report is None else report.took_ms
    root.set("time", f"{took_ms / 1000:.3f}")
    ElementTree.indent(root)
    text: str = ElementTree.tostring(root, encoding="us-ascii").decode("ascii")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'


def _case(classname: str, name: str, took_ms: int = 0) -> Element:
    return Element("testcase", classname=classname, name=name, time=f"{took_ms / 1000:.3f}")


def _check(check: CheckState, report: Report, lang: Lang) -> Element:
    name = command_of(report.facts)
    kind = "files" if name == CHECK else "checks"
    case = _case(_class(name, kind), one_line(check.check), check.took_ms)
    why = not_made(check, lang)
    if check.state == "crashed":
        SubElement(case, "error", type="crashed", message=one_line(why)).text = why
    elif check.state != "ok":
        SubElement(case, "skipped", type=check.state, message=one_line(why))
    elif saw := told(seen(report.facts, check.check).to(lang)):
        SubElement(case, "system-out").text = saw
    return case


def _families(report: Report, lang: Lang) -> list[Element]:
    """Each finding is a case of its family; a family without one is a case that passed, if it was judged.

    Of files no family passes as a whole: each is judged by its own kind's rules.
    """
    cases: list[Element] = []
    name = command_of(report.facts)
    made = {check.check.partition(".")[0] for check in report.checks if check.state == "ok"}
    if name == CHECK:
        made = set()
    families = dict.fromkeys(rule.code.rstrip("0123456789") for rule in RULES)
    families |= dict.fromkeys(finding.code.rstrip("0123456789") for finding in report.findings)
    for family in families:
        found = [f for f in report.findings if f.code.rstrip("0123456789") == family]
        cases += [_finding(finding, _class(name, family), lang) for finding in found]
        rules = [rule for rule in RULES if rule.code.rstrip("0123456789") == family]
        if not found and any(rule.needs and made.issuperset(rule.needs) for rule in rules):
            cases.append(_case(_class(name, family), family))
    return cases


def _finding(finding: Finding, classname: str, lang: Lang) -> Element:
    name = f"{finding.code} {name_of(finding.code)}"
    if finding.source:
        name += f" [{one_line(finding.source)}]"
    case = _case(classname, name)
    if finding.severity is Severity.ERROR:
        message = one_line(finding.message.to(lang))
        SubElement(case, "failure", type=finding.code, message=message).text = paragraph(
            finding, lang
        )
    SubElement(case, "system-out").text = paragraph(finding, lang)
    return case
