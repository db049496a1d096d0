"""Markdown made of any words: as text, as code, in a table; none of them can break out of where they are put."""

from __future__ import annotations

import re
from collections.abc import Iterable

from qtune.doctor.report.words import one_line, told

_SPECIAL = re.compile(r"([\\`*_\[\]<>|~&$])|^([#+=-]|\d+(?=[.)]))")


def inline(text: str) -> str:
    """Words as they are: no formatting, no disguised link, no HTML, nobody called, no issue mentioned."""
    words = _SPECIAL.sub(_escaped, one_line(text))
    return words.replace("@", "@<!-- -->").replace("#", "#<!-- -->")


def _escaped(match: re.Match[str]) -> str:
    return match[0] + "\\" if match[0].isdigit() else "\\" + match[0]


def code(text: str) -> str:
    """A code span, with more backticks around it than are within."""
    words = one_line(text) or "-"
    ticks = "`" * (1 + _longest(words))
    pad = " " if "`" in words else ""
    return f"{ticks}{pad}{words}{pad}{ticks}"


def cell(text: str) -> str:
    """A code span in a table, where | would end the cell even so."""
    return code(text).replace("|", "\\|")


def fence(text: str, language: str = "text") -> str:
    words = told(text)
    ticks = "`" * max(3, 1 + _longest(words))
    return f"{ticks}{language}\n{words}\n{ticks}"


def table(columns: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [columns, ("---",) * len(columns), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _longest(words: str) -> int:
    """The longest run of backticks."""
    return max((len(run) for run in re.findall("`+", words)), default=0)
