"""A rule's page as markdown: the one text behind `qtune explain`, hover, SARIF help and `docs/rules/`."""

from __future__ import annotations

from collections.abc import Iterator

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
        lines += ["", f"## {_SUPPRESS.to(lang)}", "", *_suppressing(rule.code, lang)]
    if rule.page.sources:
        lines += [
            "",
            f"## {_SOURCES.to(lang)}",
            "",
            *(f"- {source}" for source in rule.page.sources),
        ]
    return "\n".join(lines) + "\n"


_ONCE = Text("Once:", "仅本次：")
_LINE = Text(
    "At one line of `.env` or of a run config, at its end or on the line above:",
    "针对 `.env` 或训练配置中的某一行，写在行末或上一行：",
)
_LINE_OF_CODE = Text(
    "At one line of the code, at its end or on the line above:",
    "针对代码中的某一行，写在行末或上一行：",
)
_ALWAYS = Text(
    "In the whole project, in `pyproject.toml`:", "在整个项目中，写入 `pyproject.toml`："
)
_WHY = Text("why", "原因")


def _suppressing(code: str, lang: Lang) -> Iterator[str]:
    of_code = code.startswith("SRC")  # which the doctor does not look at
    if not of_code:
        yield f"{_ONCE.to(lang)}\n\n```bash\nqtune doctor --skip {code}\n```\n"
    yield f"{(_LINE_OF_CODE if of_code else _LINE).to(lang)}\n\n```bash\n# qtune: ignore[{code}] {_WHY.to(lang)}\n```\n"
    yield f'{_ALWAYS.to(lang)}\n\n```toml\n[tool.qtune.doctor]\nignore = ["{code}"]\n```'
