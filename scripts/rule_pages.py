"""`docs/rules/`: one page per code, in both languages, and their index; the text is the rule's own."""

from __future__ import annotations

from collections.abc import Iterator

from qtune.core.text import Lang, Text
from qtune.doctor.page import markdown
from qtune.doctor.rules import RULES


def files() -> Iterator[tuple[str, str]]:
    yield "docs/rules/README.md", index("en")
    yield "docs/rules/README.zh.md", index("zh")
    for rule in RULES:
        yield f"docs/rules/{rule.code}.md", markdown(rule, "en")
        yield f"docs/rules/{rule.code}.zh.md", markdown(rule, "zh")


def index(lang: Lang) -> str:
    title = Text("Rules", "规则").to(lang)
    suffix = ".zh.md" if lang == "zh" else ".md"
    head = Text("| Code | Name | Severity | |", "| 代码 | 名称 | 级别 | |").to(lang)
    lines = [
        f"# {title}",
        "",
        "<!-- made by scripts/generate.py from doctor/rules/ -->",
        "",
        head,
        "|---|---|---|---|",
    ]
    lines += [
        f"| [{rule.code}]({rule.code}{suffix}) | {rule.name} | {rule.severity.value} | {rule.title.to(lang)} |"
        for rule in RULES
    ]
    return "\n".join(lines) + "\n"
