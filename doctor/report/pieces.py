"""What every part of the text report is made of: marks, hanging lines, lists of checks."""

from __future__ import annotations

from rich.text import Text

from qtune.core.secret import redact
from qtune.doctor.finding import Severity
from qtune.doctor.report.layout import WIDEST_TEXT, Glyphs, wrap
from qtune.doctor.report.view import View

STYLES = {Severity.ERROR: "bold red", Severity.WARNING: "bold magenta", Severity.INFO: "bold"}


def glyph(severity: Severity, glyphs: Glyphs) -> str:
    return {
        Severity.ERROR: glyphs.error,
        Severity.WARNING: glyphs.warning,
        Severity.INFO: glyphs.info,
    }[severity]


def text_width(view: View) -> int:
    return min(view.width, WIDEST_TEXT)


def hanging(text: str, indent: int, view: View, style: str = "", mark: str = "") -> list[Text]:
    """`text` from column `indent` on, with `mark` hanging before its first line."""
    lines = wrap(redact(text), max(20, text_width(view) - indent - len(mark)))
    first, rest = " " * indent + mark, " " * (indent + len(mark))
    return [
        Text((first if number == 0 else rest) + line, style) for number, line in enumerate(lines)
    ]


def together(checks: list[str], view: View) -> str:
    """`gate, speed (modelscope, huggingface)`: kinds of checks that were made of the same hubs, once."""
    hubs: dict[str, list[str]] = {}
    for check in checks:
        kind, _, source = check.partition(".")
        hubs.setdefault(kind, []).append(source)
    groups: dict[tuple[str, ...], list[str]] = {}
    for kind, sources in hubs.items():
        groups.setdefault(tuple(sources), []).append(kind)
    comma = view.say(", ", "、")

    def of_hubs(sources: tuple[str, ...]) -> str:
        listed = comma.join(sources)
        return view.say(f" ({listed})", f"（{listed}）") if listed else ""

    return comma.join(comma.join(kinds) + of_hubs(sources) for sources, kinds in groups.items())
