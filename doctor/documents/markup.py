"""Markdown for an editor's hover made of any words: none of them can format, link, call HTML or typeset.

An editor takes `[words](command:…)` for something to run, and JupyterLab typesets what stands between two
dollars. So a word with any such character in it is shown as code, where nothing is interpreted.
"""

from __future__ import annotations

import re

from qtune.core.secret import redact

LONGEST = 400
_CONTROLS = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff\ufffe\uffff]"
)
_RUN = re.compile(r"`[^`]+`|[!-_a-~]+|`")  # a code span, ASCII up to a blank, a lone backtick
_EDGES = re.compile(r"([(\"']*)(.*?)([)\"'.,;:?!]*)\Z", re.S)
_HARMLESS = re.compile(  # `_` formats nothing within a word
    r"(?:[A-Za-z0-9.,;:'\"()/=%+?!-]|(?<=[A-Za-z0-9])_(?=[A-Za-z0-9]))*"
)
_BEGINS_BLOCK = re.compile(r"[-+=_]|\d+[.)]")  # a list, a rule or a heading
_BECOMES_LINK = re.compile(r"//|www\.", re.I)


def words(text: str) -> str:
    """One line of running text, cut where it is very long."""
    return _RUN.sub(_word, _line(text))


def _word(match: re.Match[str]) -> str:
    if match[0][0] == "`":  # qtune's own messages name files and commands so
        return code(match[0].strip("`"))
    edges = _EDGES.match(match[0])
    assert edges is not None
    before, inner, behind = edges.groups()
    begins = match.start() == 0 and _BEGINS_BLOCK.match(match[0])
    if _HARMLESS.fullmatch(match[0]) and not _BECOMES_LINK.search(match[0]) and not begins:
        return match[0]
    return f"{before}{code(inner)}{behind}"


def code(text: str) -> str:
    """A code span, with more backticks around it than are within."""
    line = _line(text) or "-"
    ticks = "`" * (1 + max((len(run) for run in re.findall("`+", line)), default=0))
    pad = " " if "`" in line else ""
    return f"{ticks}{pad}{line}{pad}{ticks}"


def link(title: str, url: str) -> str:
    """`title` alone where `url` is no address of the web or of a file: never a command of the editor."""
    if not re.fullmatch(r"(?:https?|file)://[^\s<>\\\"'`()\[\]]+", url) or _CONTROLS.search(url):
        return words(title)
    return f"[{words(title)}]({url})"


def plain(text: str) -> str:
    """For labels and titles that are no markdown."""
    return _line(text)


def _line(text: str) -> str:
    text = text[: LONGEST * 16]  # of a line of megabytes no more is looked at
    line = " ".join(_CONTROLS.sub(_visible, redact(text)).split())
    return line if len(line) <= LONGEST else line[:LONGEST] + "…"


def _visible(match: re.Match[str]) -> str:
    return " " if match[0] in "\t\r\n" else "\ufffd"
