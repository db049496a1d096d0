"""click's help pages in the user's language, wrapped by the cells of a terminal, without importing rich."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator

import click

from qtune.speech import say

_OPENING = "（《「『“‘"
_CLOSING = "，。、；：？！）》」』”’…"


class Page(click.HelpFormatter):
    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        super().write_usage(prog, args, say("Usage: ", "用法：") if prefix is None else prefix)

    def write_heading(self, heading: str) -> None:
        name = say("Options", "选项") if heading == "Options" else heading
        self.write(f"{'':>{self.current_indent}}{name}{say(':', '：')}\n")

    def write_text(self, text: str) -> None:
        indent = " " * self.current_indent
        for paragraph in text.split("\n\n"):
            for line in wrapped(" ".join(paragraph.split()), self.width - self.current_indent):
                self.write(f"{indent}{line}\n")

    def write_dl(
        self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2
    ) -> None:
        table = list(rows)
        indent = self.current_indent
        first = min(max((cells(term) for term, _ in table), default=0), col_max) + col_spacing
        for term, text in table:
            begin = " " * indent + term
            lines = wrapped(text, max(self.width - first - indent, 10))
            if cells(term) > first - col_spacing:
                self.write(begin + "\n")
                begin = ""
            for line in lines or [""]:
                gap = indent + first - cells(begin)
                self.write((begin + " " * gap + line).rstrip() + "\n")
                begin = ""


class Context(click.Context):
    formatter_class = Page


def localise(command: click.Command) -> click.Command:
    """The command, with its help in the user's language."""
    command.context_class = Context
    with Context(command, help_option_names=["-h", "--help"]) as context:
        option = command.get_help_option(context)
    if option is not None:
        option.help = say("Show this page and exit.", "显示本页并退出。")
    return command


def cells(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def wrapped(text: str, width: int) -> list[str]:
    lines, line = [], ""
    for piece in _pieces(text):
        if line and cells(line) + cells(piece.rstrip()) > width:
            lines.append(line.rstrip())
            line = ""
        line += piece if line else piece.lstrip()
    return [*lines, line.rstrip()] if line.strip() else lines


def _pieces(text: str) -> Iterator[str]:
    """What may not be parted: a word with the blanks behind it, a Chinese character with its punctuation."""
    piece = ""
    for character in text:
        wide = unicodedata.east_asian_width(character) in "WF" and character not in _CLOSING
        last = piece[-1:]
        ends = last.isspace() or (last and unicodedata.east_asian_width(last) in "WF")
        stays = character.isspace() or character in _CLOSING or last in _OPENING
        if piece and not stays and (wide or ends):
            yield piece
            piece = ""
        piece += character
    yield piece
