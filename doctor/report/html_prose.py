"""The markdown of rules' pages as HTML: headings, paragraphs, lists, tables, code and links, no more."""

from __future__ import annotations

import re
from collections.abc import Iterator

from qtune.core.html import Markup, Node, element, link

_ITEM = re.compile(r"(?:[-*]|\d+\.) +(.*)")
_INLINE = re.compile(
    r"``(?P<ticks>.+?)``|`(?P<code>[^`]+)`|\*\*(?P<bold>[^*]+)\*\*|\*(?P<soft>[^*\s][^*]*)\*"
    r"|\[(?P<words>[^\]]+)\]\((?P<target>[^)\s]+)\)|<(?P<auto>https?://[^>\s]+)>"
    r"|(?P<bare>https?://[^\s<>，。；：、）]*[^\s<>，。；：、）.,;:)])"
)


def prose(markdown: str) -> Iterator[Markup]:
    """A heading of the page stands two levels deeper here: it is part of a card."""
    lines = markdown.strip("\n").splitlines()
    while lines:
        line = lines.pop(0)
        if not line.strip():
            continue
        if line.lstrip().startswith("```"):
            yield _fenced(lines)
        elif line.startswith("#"):
            depth = len(line) - len(line.lstrip("#"))
            yield element(f"h{min(6, depth + 2)}", *_inline(line.lstrip("# ")))
        elif _ITEM.match(line):
            yield _list(line, lines)
        elif line.startswith("|"):
            yield _table(line, lines)
        else:
            while lines and lines[0].strip() and not _begins(lines[0]):
                line += "\n" + lines.pop(0)
            yield element("p", *_inline(line))


def spoken(text: str) -> list[Node]:
    """A message, perhaps with words from elsewhere in it: what stands in `ticks` is code, nothing else is a sign."""
    return [
        element("code", part) if number % 2 else part
        for number, part in enumerate(re.split(r"`([^`\n]+)`", text))
    ]


def _begins(line: str) -> bool:
    """Something other than the paragraph above it."""
    return line.lstrip().startswith("```") or line.startswith(("#", "|")) or bool(_ITEM.match(line))


def _fenced(lines: list[str]) -> Markup:
    body = []
    while lines and not lines[0].lstrip().startswith("```"):
        body.append(lines.pop(0))
    if lines:
        lines.pop(0)
    return element("pre", element("code", "\n".join(body)), cls="copy", tabindex="0")


def _list(line: str, lines: list[str]) -> Markup:
    items: list[str] = []
    ordered = line[0].isdigit()
    lines.insert(0, line)
    while lines:
        item = _ITEM.match(lines[0])
        if item:
            items.append(item[1])
        elif lines[0].startswith("  ") and items:
            items[-1] += "\n" + lines[0].strip()
        else:
            break
        lines.pop(0)
    return element("ol" if ordered else "ul", *(element("li", *_inline(item)) for item in items))


def _table(line: str, lines: list[str]) -> Markup:
    rows = [_cells(line)]
    while lines and lines[0].startswith("|"):
        row = lines.pop(0)
        if set(row) - set("|-: "):
            rows.append(_cells(row))
    head, *body = rows
    return element(
        "table",
        element("thead", element("tr", (element("th", _inline(c), scope="col") for c in head))),
        element("tbody", (element("tr", (element("td", _inline(c)) for c in r)) for r in body)),
    )


def _cells(row: str) -> list[str]:
    return [cell.strip() for cell in row.strip().strip("|").split("|")]


def _inline(text: str) -> list[Node]:
    parts: list[Node] = []
    at = 0
    for found in _INLINE.finditer(text):
        parts.append(text[at : found.start()])
        at = found.end()
        if code := found["ticks"] or found["code"]:
            parts.append(element("code", code.strip()))
        elif found["bold"]:
            parts.append(element("strong", *_inline(found["bold"])))
        elif found["soft"]:
            parts.append(element("em", found["soft"]))
        elif found["words"]:
            parts.append(
                link(found["target"], found["words"])
                if "://" in found["target"]
                else found["words"]
            )
        else:
            parts.append(link(found["auto"] or found["bare"]))
    parts.append(text[at:])
    return parts
