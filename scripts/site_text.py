"""Markdown as GitHub reads it, written so that the site's converter makes the same of it."""

from __future__ import annotations

import re

_ITEM = re.compile(r"(?P<mark>(?:[-*]|\d+\.) +)\S")
_FENCE = re.compile(r"\s*(?:```|~~~)")
# An address with a dot in its host, not in quotes, brackets or angles: those say themselves what they are.
_BARE = re.compile(
    r"(?<![<(\"'\w/=])https?://[\w-]+(?:\.[\w-]+)+[A-Za-z0-9\-._~/?#@!$&+=%:]*", re.ASCII
)


def on_page_markdown(markdown: str, **_: object) -> str:
    return portable(markdown)


def portable(markdown: str) -> str:
    return "\n".join(_linked(_nested(_joined(markdown.split("\n")))))


_WIDE = "[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]"


def _joined(lines: list[str]) -> list[str]:
    """Chinese that goes on in the next line has no blank there."""
    result: list[str] = []
    fenced = False
    for line in lines:
        goes_on = (
            not fenced
            and result
            and re.search(_WIDE + r"\Z", result[-1])
            and re.match(_WIDE, line.lstrip())
            and not result[-1].startswith(("#", "|"))
        )
        if goes_on:
            result[-1] += line.lstrip()
        else:
            result.append(line)
        if _FENCE.match(line):
            fenced = not fenced
    return result


def _nested(lines: list[str]) -> list[str]:
    """What belongs to an item of a list is indented by four, not by its mark's width; a blank stands before a list."""
    result: list[str] = []
    width, fenced = 0, False
    for line in lines:
        indent = len(line) - len(line.lstrip())
        if _FENCE.match(line):
            fenced = not fenced
        elif not fenced and (item := _ITEM.match(line)):
            if not width and result and result[-1].strip():
                if line[0].isdigit() and not line.startswith("1."):
                    result.append(line)  # a sentence that goes on with a number
                    continue
                result.append("")
            width = len(item["mark"])
        elif not fenced and line.strip() and indent < width:
            width = 0
        if width and indent >= width:
            line = " " * (4 - width) + line
        result.append(line)
    return result


def _linked(lines: list[str]) -> list[str]:
    """Bare addresses become links, up to where they end in any language."""
    result, fenced = [], False
    for line in lines:
        if _FENCE.match(line):
            fenced = not fenced
        if not fenced and "://" in line:
            parts = re.split(r"(`[^`]*`)", line)
            parts[::2] = [_BARE.sub(_link, part) for part in parts[::2]]
            line = "".join(parts)
        result.append(line)
    return result


def _link(found: re.Match[str]) -> str:
    address = found[0].rstrip(".,:;!?")
    return f"<{address}>{found[0][len(address) :]}"
