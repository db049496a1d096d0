"""An error's text in lines: broken between words where a person reads it, whole where a command stands to be copied."""

from __future__ import annotations

import re
import shutil
from typing import TextIO

# A word that begins a command, and something behind it; a line of it that is broken cannot be pasted.
_COMMAND = re.compile(
    r"(?:^|[\s`“（(:：])(?:qtune|pip3?|python3?|hf|modelscope|git|sudo|export|ssh|conda|ollama|nvidia-smi) \S"
)
_NARROWEST = 20  # cells


def laid(text: str, first: str, below: str, stream: TextIO) -> list[str]:
    """The lines of `text`, the first of them behind `first`, the others behind `below`.

    Into a file or a pipe they go as they are.
    """
    lines: list[str] = []
    for line in text.splitlines() or [""]:
        before = below if lines else first
        if stream.isatty() and not _COMMAND.search(line):
            lines += _broken(line, before, below)
        else:
            lines.append(before + line)
    return lines


def _broken(line: str, before: str, below: str) -> list[str]:
    from qtune.doctor.report.layout import WIDEST_TEXT, wrap

    words = line.lstrip()
    indent = line[: len(line) - len(words)]
    width = min(shutil.get_terminal_size().columns, WIDEST_TEXT) - len(indent)
    head = wrap(words, max(_NARROWEST, width - len(before)))[0]
    rest = words[len(head) :].strip()
    more = wrap(rest, max(_NARROWEST, width - len(below))) if rest else []
    return [before + indent + head, *(below + indent + each for each in more)]
