"""A rule's page as markdown: the one text behind `qtune explain`, hover, SARIF help and `docs/rules/`."""

from __future__ import annotations

from qtune.core.text import Lang, Text
from qtune.doctor.rule import Rule

_HEADINGS: tuple[tuple[str, Text], ...] = (
    ("what", Text("What it means", "含义")),
    ("why", Text("Why it matters", "影响")),
    ("detect", Text("How it is detected", "检测方法")),
    ("mend", Text("How to mend it", "解决方法")),
    ("verify", Text("How to verify", "如何确认")),
)
_SUPPRESS = Text("How to suppress it", "如何忽略")
_SOURCES = Text("Sources", "参考资料")


def markdown(rule: Rule, lang: Lang) -> str:
    lines = [f"# {rule.code} {rule.name}", "", f"**{rule.title.to(lang)}**"]
    for section, heading in _HEADINGS:
        text: Text = getattr(rule.page, section)
        lines += ["", f"## {heading.to(lang)}", "", text.to(lang).strip()]
    if rule.reported:
        skip = f"```bash\nqtune doctor --skip {rule.code}\n```"
        lines += ["", f"## {_SUPPRESS.to(lang)}", "", skip]
    if rule.page.sources:
        lines += [
            "",
            f"## {_SOURCES.to(lang)}",
            "",
            *(f"- {source}" for source in rule.page.sources),
        ]
    return "\n".join(lines) + "\n"
