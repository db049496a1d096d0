"""A terminal as a program draws on it: rows of text, with the few controls that progress needs."""

from __future__ import annotations

import re

_PART = re.compile(r"\x1b\[([?\d;]*)([A-Za-z])|(\r)|(\n)|([^\x1b\r\n]+)")


class Glass:
    """Wraps what is too long for it, also when it becomes narrower, as most terminals do."""

    def __init__(self, width: int) -> None:
        self.width = width
        self.cursor_shown = True
        self._rows = [""]
        self._row = self._column = 0

    def feed(self, text: str) -> None:
        for found in _PART.finditer(text):
            numbers, letter, start, newline, words = found.groups()
            if start:
                self._column = 0
            elif newline:
                self._down()
            elif words:
                self._write(words)
            elif letter == "A":
                self._row = max(0, self._row - int(numbers or 1))
            elif letter == "K":
                assert numbers == "2"
                self._rows[self._row] = ""
            elif letter in "hl":
                assert numbers == "?25"
                self.cursor_shown = letter == "h"
            else:
                assert letter == "m", found.group()

    def resize(self, width: int) -> None:
        """The cursor stays behind what was written last."""
        assert not any(self._rows[self._row + 1 :])
        self.width, self._rows = width, self._rows[: self._row + 1]
        self._rows = [part for row in self._rows for part in self._parts(row)]
        self._row, self._column = len(self._rows) - 1, len(self._rows[-1])

    def lines(self) -> list[str]:
        return [row.rstrip() for row in self._rows if row.strip()]

    def _parts(self, row: str) -> list[str]:
        return [row[n : n + self.width] for n in range(0, len(row), self.width)] or [""]

    def _down(self) -> None:
        self._row, self._column = self._row + 1, 0
        if self._row == len(self._rows):
            self._rows.append("")

    def _write(self, words: str) -> None:
        while words:
            if self._column == self.width:
                self._down()
            part = words[: self.width - self._column]
            words = words[len(part) :]
            row = self._rows[self._row].ljust(self._column)
            end = self._column + len(part)
            self._rows[self._row] = row[: self._column] + part + row[end:]
            self._column = end
