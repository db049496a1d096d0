"""How pages are written down: markdown in both languages, indented with the code around it."""

from __future__ import annotations

import inspect
import re

from qtune.core.text import Text

_OWN_LINE = re.compile(r"\s*([-*|>]\s?|\d+\. |```|#)")


def prose(en: str, zh: str) -> Text:
    """Two pieces of markdown without their indentation, each paragraph as one line.

    Code fences, list items and tables keep their lines; a Chinese line goes on without a space.
    """
    return Text(_flowing(en), _flowing(zh))


def joined(*texts: Text) -> Text:
    """The texts as paragraphs one after another."""
    return Text("\n\n".join(text.en for text in texts), "\n\n".join(text.zh for text in texts))


def _flowing(markdown: str) -> str:
    lines: list[str] = []
    fenced = False
    for line in inspect.cleandoc(markdown).splitlines():
        fence = line.lstrip().startswith("```")
        open_end = lines and lines[-1] and not lines[-1].lstrip().startswith("```")
        if not fenced and not fence and line and open_end and not _OWN_LINE.match(line):
            both_ascii = lines[-1][-1].isascii() and line.lstrip()[0].isascii()
            lines[-1] += (" " if both_ascii else "") + line.lstrip()
        else:
            lines.append(line)
        fenced ^= fence
    return "\n".join(lines)
