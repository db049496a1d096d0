"""Lines that fit: wrapping and padding by the cells a terminal uses, two for a Chinese character."""

from __future__ import annotations

import re
from dataclasses import dataclass

from rich.cells import cell_len

from qtune.doctor.report.characters import clean


@dataclass(frozen=True)
class Glyphs:
    ok: str
    error: str
    warning: str
    info: str
    unknown: str
    skipped: str
    arrow: str
    branch: str
    bullet: str
    serves: str
    none: str


UNICODE = Glyphs("✓", "✗", "!", "i", "?", "–", "→", "└", "·", "▸", "–")
ASCII = Glyphs("+", "x", "!", "i", "?", "-", "->", "`-", "-", ">", "-")

WIDEST_TEXT = 100  # longer lines are hard to read, however wide the terminal is
_WIDE = (
    r"[\u1100-\u115f\u2e80-\u9fff\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff60\uffe0-\uffe6]"
)
_CLOSING = "，。、；：？！）》」』”’…"
_OPENING = "（《「『“‘"
# A number with its Chinese unit; a Chinese character with the punctuation that may not be parted from it;
# a run without blanks; blanks.
_PIECES = re.compile(
    rf"\d+(?:\.\d+)? (?:毫秒|秒|分钟|小时|天)[{_CLOSING}]*|"
    rf"[{_OPENING}]*(?![{_OPENING}])(?:{_WIDE})[{_CLOSING}]*"
    rf"|[{_OPENING}]*(?:(?!{_WIDE})\S)+[{_CLOSING}]*|\s+|[{_CLOSING}{_OPENING}]+"
)


def wrap(text: str, width: int) -> list[str]:
    """`text` in lines of at most `width` cells. A word that is longer (a URL) keeps whole, so that it can be copied."""
    lines: list[str] = []
    for paragraph in clean(text).split("\n"):
        line, used = "", 0
        for piece in _PIECES.findall(paragraph):
            cells = cell_len(piece)
            if piece.isspace():
                if line:
                    line, used = line + piece, used + cells
                continue
            if line and used + cells > width:
                lines.append(line.rstrip())
                line, used = "", 0
            line, used = line + piece, used + cells
        lines.append(line.rstrip())
    return lines


def pad(text: str, cells: int) -> str:
    return text + " " * max(0, cells - cell_len(text))


def pad_left(text: str, cells: int) -> str:
    return " " * max(0, cells - cell_len(text)) + text


def shortened(text: str, cells: int) -> str:
    """`text`, or as much of it as fits with … behind."""
    if cell_len(text) <= cells:
        return text
    kept, used = "", 0
    for character in text:
        used += cell_len(character)
        if used > cells - 1:
            break
        kept += character
    return kept.rstrip() + "…"
