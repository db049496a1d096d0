"""A rule's page, cut to what a hover has room for: what, why, how to mend, how to keep it quiet."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from qtune.core.text import Lang, Text
from qtune.doctor.documents.markup import code, link, words
from qtune.doctor.finding import Applicability, Finding, Severity
from qtune.doctor.rule import Rule
from qtune.doctor.rules import one

MOST_FINDINGS = 3
_ROOM = 500  # characters of one section

Pages = Callable[[str], str]
"""The address of a code's page; "" where there is none to be opened."""

_SEVERITIES = {
    Severity.ERROR: Text("error", "错误"),
    Severity.WARNING: Text("warning", "警告"),
    Severity.INFO: Text("note", "提示"),
}


def nowhere(code: str) -> str:
    return ""


def of_code(code: str, pages: Pages, lang: Lang) -> str:
    """The page of a rule; "" where no rule has this code."""
    rule = one(code)
    if rule is None:
        return ""
    head = f"**{rule.code}** {rule.name} · {words(rule.title.to(lang))}"
    return "\n\n".join([head, *_sections(rule, lang), *_behind(rule, pages, lang)])


def of_finding(finding: Finding, pages: Pages, lang: Lang) -> str:
    """What is wrong here, the way out, and the rule's own words on it."""
    severity = _SEVERITIES[finding.severity].to(lang)
    severity = f" ({severity}) " if lang == "en" else f"（{severity}）"
    blocks = [f"**{finding.code}**{severity}{words(finding.message.to(lang))}"]
    if finding.evidence:
        blocks.append("\n".join(f"- {words(item.to(lang))}" for item in finding.evidence[:5]))
    if finding.fix is not None:
        title = Text("Way out", "解决").to(lang)
        safe = " (`qtune doctor --fix`)" if _by_doctor(finding) else ""
        blocks.append(f"**{title}** {words(finding.fix.title.to(lang))}{safe}")
    rule = one(finding.code)
    if rule is not None:
        blocks += [*_sections(rule, lang), *_behind(rule, pages, lang)]
    return "\n\n".join(blocks)


def _by_doctor(finding: Finding) -> bool:
    fix = finding.fix
    return fix is not None and fix.applicability is Applicability.SAFE and fix.patch is not None


def _sections(rule: Rule, lang: Lang) -> Iterator[str]:
    """The page is qtune's own markdown, and stays as it is written."""
    yield _cut(rule.page.what.to(lang))
    yield _cut(rule.page.why.to(lang))
    yield f"**{Text('How to mend it', '解决方法').to(lang)}**\n\n{_cut(rule.page.mend.to(lang))}"


def _behind(rule: Rule, pages: Pages, lang: Lang) -> Iterator[str]:
    if rule.reported:
        title = Text("To keep it quiet here: ", "在此处忽略：").to(lang)
        yield title + code(f"# qtune: ignore[{rule.code}]")
    url = pages(rule.code)
    whole = Text("The whole page", "完整说明").to(lang)
    command = code(f"qtune explain {rule.code}")
    colon = ": " if lang == "en" else "："
    yield f"{link(whole, url)} · {command}" if url else f"{whole}{colon}{command}"


def _cut(markdown: str) -> str:
    """Whole paragraphs, as many as there is room for; a code block is never cut in two."""
    kept: list[str] = []
    room = _ROOM
    for block in _blocks(markdown.strip()):
        if kept and len(block) > room:
            return "\n\n".join([*kept, "…"])
        kept.append(block)
        room -= len(block)
    return "\n\n".join(kept)


def _blocks(markdown: str) -> Iterator[str]:
    held: list[str] = []
    fenced = False
    for line in markdown.split("\n"):
        fenced ^= line.lstrip().startswith("```")
        if line.strip() or fenced:
            held.append(line)
        elif held:
            yield "\n".join(held)
            held = []
    if held:
        yield "\n".join(held)
