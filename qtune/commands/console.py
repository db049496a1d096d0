"""The two consoles: the answer goes to stdout, progress to stderr, each with the colours it can show."""

from __future__ import annotations

import sys
from typing import TextIO

from rich.console import Console
from rich.text import Text

from qtune.doctor.report.layout import ASCII, UNICODE, Glyphs
from qtune.streams import shows_glyphs, wants_color


def answer() -> Console:
    return _console(sys.stdout)


def progress() -> Console:
    return _console(sys.stderr)


def _console(stream: TextIO) -> Console:
    color = wants_color(stream)
    return Console(
        file=stream,
        force_terminal=True if color else None,
        color_system="auto" if color else None,
        no_color=not color,
        highlight=False,
        markup=False,
        emoji=False,
    )


def glyphs(stream: TextIO) -> Glyphs:
    return UNICODE if shows_glyphs(stream) else ASCII


def show(console: Console, text: Text) -> None:
    """Prints lines that are already wrapped; without colours no escape code at all is written."""
    if console.color_system is None:
        console.file.write(text.plain + "\n")
    else:
        console.print(text, soft_wrap=True)
    console.file.flush()  # stdout and stderr may be the same log
