"""How pages are written down: markdown in both languages, indented with the code around it."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable

from qtune.core.text import Text

_PUNCTUATION = "，。；：、！？（）“”‘’《》…"
_OWN_LINE = re.compile(r"\s*([-*|>]\s?|\d+\. |```|#)")


def prose(en: str, zh: str) -> Text:
    """Two pieces of markdown without their indentation, each paragraph as one line.

    Code fences, list items and tables keep their lines. Between two Chinese characters, or beside Chinese
    punctuation, a line goes on without a space.
    """
    return Text(_flowing(en, lambda before, after: " "), _flowing(zh, _gap))


def joined(*texts: Text) -> Text:
    """The texts as paragraphs one after another."""
    return Text("\n\n".join(text.en for text in texts), "\n\n".join(text.zh for text in texts))


def _flowing(markdown: str, gap: Callable[[str, str], str]) -> str:
    lines: list[str] = []
    fenced = False
    for line in inspect.cleandoc(markdown).splitlines():
        fence = line.lstrip().startswith("```")
        open_end = lines and lines[-1] and not lines[-1].lstrip().startswith("```")
        if not fenced and not fence and line and open_end and not _OWN_LINE.match(line):
            lines[-1] += gap(lines[-1][-1], line.lstrip()[0]) + line.lstrip()
        else:
            lines.append(line)
        fenced ^= fence
    return "\n".join(lines)


def _gap(before: str, after: str) -> str:
    if before in _PUNCTUATION or after in _PUNCTUATION:
        return ""
    return " " if before.isascii() or after.isascii() else ""


def amid(words: Text) -> str:
    """The Chinese words, with spaces on the sides where Latin letters would touch the Chinese around them."""
    before = " " if words.zh[:1].isascii() else ""
    after = " " if words.zh[-1:].isascii() else ""
    return f"{before}{words.zh}{after}"
