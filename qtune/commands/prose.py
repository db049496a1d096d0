"""Markdown flowed to a width and otherwise left alone: it reads well as it is, and pastes as markdown."""

from __future__ import annotations

import re

from qtune.helppage import wrapped

_ITEM = re.compile(r"(\s*(?:[-*]|\d+\.) )(.*)")
_KEPT = re.compile(r"#|\||>| {4}\S")


def flowed(markdown: str, width: int) -> str:
    """Paragraphs and list items are wrapped; code, headings and tables keep their lines."""
    lines: list[str] = []
    fenced = False
    for line in markdown.splitlines():
        if line.lstrip().startswith("```"):
            fenced = not fenced
            lines.append(line)
        elif fenced or _KEPT.match(line):
            lines.append(line)
        elif item := _ITEM.match(line):
            indent = len(item[1])
            first, *rest = wrapped(item[2], width - indent) or [""]
            lines += [item[1] + first, *(" " * indent + more for more in rest)]
        else:
            lines += wrapped(line, width) or [""]
    return "\n".join(lines) + "\n"
