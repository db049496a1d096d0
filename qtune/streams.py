"""What the console can show: characters it has no code for become plain ones, colour only where wanted."""

from __future__ import annotations

import codecs
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TextIO

# What qtune prints beside letters; a console that can encode these gets the typographic glyphs.
_GLYPHS = "✓✗→└▸·…–"
_PLAIN = {
    "✓": "+", "✗": "x", "→": "->", "└": "`-", "▸": ">", "·": "-", "…": "...", "–": "-", "—": "-",
    "│": "|", "×": "x", "≥": ">=", "≤": "<=", "“": '"', "”": '"', "‘": "'", "’": "'", "、": ",",
    "，": ",", "。": ".", "：": ":", "；": ";", "（": "(", "）": ")", "⠋": "*",
}  # fmt: skip
_HANDLER = "qtune.plain"


def _plain(error: UnicodeError) -> tuple[str | bytes, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    bad = error.object[error.start : error.end]
    return "".join(_PLAIN.get(character, "?") for character in bad), error.end


def prepare() -> None:
    """From here on no character can make printing fail, nor a stream that is closed (`2>&-`, pythonw)."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115
    codecs.register_error(_HANDLER, _plain)
    for stream in (sys.stdout, sys.stderr):
        if stream is not None and hasattr(stream, "reconfigure"):
            stream.reconfigure(errors=_HANDLER)


def shows_glyphs(stream: TextIO) -> bool:
    try:
        _GLYPHS.encode(stream.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def shows_chinese(stream: TextIO | None) -> bool:
    try:
        "中".encode((stream.encoding if stream is not None else None) or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def wants_color(stream: TextIO, environ: Mapping[str, str] = os.environ) -> bool:
    """NO_COLOR (no-color.org) goes before FORCE_COLOR; without either, only a terminal gets colour."""
    if environ.get("NO_COLOR"):
        return False
    if environ.get("FORCE_COLOR", "") not in ("", "0"):
        return True
    return stream.isatty() and environ.get("TERM") != "dumb"
