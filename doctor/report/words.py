"""What formats of other programs have in common: safe words, stable fingerprints, a place for every finding."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence

from qtune.core.errors import QtuneError
from qtune.core.secret import redact
from qtune.core.text import Lang, Text
from qtune.doctor.facts import Facts, known
from qtune.doctor.finding import Applicability, Finding, Fix, Span
from qtune.doctor.outcome import CheckState, Report
from qtune.doctor.report.characters import clean
from qtune.doctor.report.envdiff import shown_value
from qtune.doctor.rules import BY_CODE

# Half a character (from a file name that is no UTF-8) and what is no character at all: neither UTF-8 nor XML
# can hold them.
_UNWRITABLE = re.compile(r"[\ud800-\udfff\ufffe\uffff]")


def told(text: str) -> str:
    """Without secrets and without characters that could not be written or would mislead a reader."""
    return writable(clean(redact(text)))


def writable(text: str) -> str:
    return _UNWRITABLE.sub("\ufffd", text)


def one_line(text: str) -> str:
    return " ".join(told(text).split())


def name_of(code: str) -> str:
    rule = BY_CODE.get(code)
    return rule.name if rule is not None else code.lower()


def paragraph(finding: Finding, lang: Lang) -> str:
    """The finding in several lines: message, evidence, what it follows from, the way out."""
    lines = [finding.message.to(lang), *(f"- {item.to(lang)}" for item in finding.evidence)]
    if finding.because is not None:
        lines.append(Text(f"follows from {finding.because}", f"由 {finding.because} 引起").to(lang))
    if finding.fix is not None:
        lines += [f"→ {line}" for line in way_out(finding.fix, lang)]
    return told("\n".join([*lines, f"qtune explain {finding.code}"]))


def way_out(fix: Fix, lang: Lang) -> Iterator[str]:
    """What to do, and the very lines of `.env` or the command; secrets masked."""
    flag = {
        Applicability.SAFE: " (qtune doctor --fix)",
        Applicability.UNSAFE: " (qtune doctor --fix --unsafe-fixes)",
        Applicability.MANUAL: "",
    }[fix.applicability]
    yield fix.title.to(lang) + flag
    if fix.patch is not None:
        for key, value in fix.patch.set.items():
            yield f".env: {key}={shown_value(key, value)}"
        for key in sorted(fix.patch.unset):
            yield Text(f".env: without {key}", f".env：删去 {key}").to(lang)
    for step in (fix.command, fix.url):
        if step and step not in fix.title.to(lang):
            yield step


def not_made(check: CheckState, lang: Lang) -> str:
    """Why a check was not made, or how it ended; "" where it was made."""
    if check.because is not None:
        words = Text(f"because of {check.because}", f"因 {check.because} 未检查")
    elif check.state == "skipped":
        words = Text(f"left out: {check.reason}", f"已跳过：{check.reason}")
    elif check.state == "unknown":
        words = Text(f"could not look: {check.reason}", f"无法检查：{check.reason}")
    elif check.state == "crashed":
        words = Text(
            f"a bug in qtune, please report it: {check.reason}",
            f"qtune 自身出错，请反馈：{check.reason}",
        )
    else:
        return ""
    return told(words.to(lang))


def broken_off(error: BaseException, lang: Lang) -> str:
    """In one sentence, why there is no report."""
    if isinstance(error, QtuneError):
        return told(error.message.to(lang))
    kind = type(error).__name__
    if isinstance(error, Exception):
        bug = Text(
            f"a bug in qtune, please report it: {kind}: {error}",
            f"qtune 自身出错，请反馈：{kind}: {error}",
        )
        return told(bug.to(lang))
    return Text(f"broken off: {kind}", f"已中断：{kind}").to(lang)


def fingerprints(findings: Sequence[Finding]) -> list[str]:
    """One for each, different from each other, and the same in the next run.

    Measured numbers and line numbers come and go with every run, so they do not count; neither does the
    language. Findings that are alike but for these are told apart by their order.
    """
    met: dict[tuple[str, ...], int] = {}
    result = []
    for finding in findings:
        place = finding.span.path if finding.span is not None else ""
        words = re.sub(r"\d+", "#", redact(finding.message.en)) if finding.span is not None else ""
        alike = (finding.code, finding.source, place.replace("\\", "/"), words)
        number = met[alike] = met.get(alike, 0) + 1
        text = "\0".join([*alike, str(number)])
        result.append(hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32])
    return result


def places(findings: Iterable[Finding], facts: Facts | None) -> list[Span]:
    """Where to show each finding, for readers that want a file for everything.

    What is about no file stands at the top of the file that decides it: the run config, else `.env`.
    """
    return [finding.span or Span(decides(facts), 1) for finding in findings]


def decides(facts: Facts | None) -> str:
    """The file that decides what was examined."""
    if facts is not None and facts.goal.files:
        return facts.goal.files[0]
    if facts is not None and facts.goal.run_config:
        return facts.goal.run_config
    envfile = known(facts.envfile) if facts is not None else None
    return envfile.path if envfile is not None else ".env"


def unmade(report: Report) -> Iterator[CheckState]:
    """The checks without an answer; what stands behind a finding or is of no use to the goal is not among them."""
    for check in report.checks:
        if check.state == "crashed" or (
            check.state in ("unknown", "skipped") and check.because is None and check.needed
        ):
            yield check


def left_out(report: Report) -> dict[str, str]:
    """Of these, the skipped ones together: reason -> the checks' names."""
    rows: dict[str, list[str]] = {}
    for check in unmade(report):
        if check.state == "skipped":
            rows.setdefault(one_line(check.reason), []).append(one_line(check.check))
    return {reason: ", ".join(names) for reason, names in rows.items()}
