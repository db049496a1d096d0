"""The items of a JSON list, one after another, each with the line it starts in; the list is never held whole."""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterator
from typing import BinaryIO

from qtune.core.data.raw import MAX_LINE, Raw, Unreadable
from qtune.core.text import Text, plain

_CHUNK = 1 << 18


def items(file: BinaryIO, most: int | None = None) -> Iterator[Raw]:
    """From where the file stands. Of a list longer than `most` bytes, those up to there. Raises Unreadable."""
    window = _Window(file, most)
    window.position = window.text.index("[") + 1
    decoder = json.JSONDecoder()
    while window.skip() and window.here() != "]":
        try:
            value = window.item(decoder)
        except _Cut:
            return
        line = window.line()
        window.position = window.ends
        yield Raw(line, value)
        if window.skip() and window.here() == ",":
            window.position += 1
        elif window.here() != "]":
            if window.cut and not window.here():
                return
            detail = Text("the list is cut off or a comma is missing", "列表不完整或缺少逗号")
            raise Unreadable("not-json", window.line(), detail)
    if not window.here() and not window.cut:
        raise Unreadable("not-json", detail=Text("the list has no end", "列表没有结尾"))


class _Cut(Exception):
    """The list goes on behind what may be read."""


class _Window:
    """The part of the text that is being read. `cut`: there is more of it, which may not be read."""

    def __init__(self, file: BinaryIO, most: int | None) -> None:
        self.file, self.left = file, most
        self.decode = codecs.getincrementaldecoder("utf-8")()
        self.text, self.position, self.ends = "", 0, 0
        self.before, self.counted, self.lines = 0, 0, 1  # lines up to `counted`
        self.over = self.cut = False
        self.more(_CHUNK)
        while "[" not in self.text and not self.over:  # behind a great many blanks
            self.more(_CHUNK)

    def more(self, size: int) -> bool:
        """Read on; whether there was anything."""
        if self.over:
            return False
        wanted = size if self.left is None else min(size, self.left)
        raw = self.file.read(wanted)
        if self.left is not None:
            self.left -= len(raw)
            self.cut = not self.left and bool(self.file.read(1))
        self.over = len(raw) < size
        try:
            new = self.decode.decode(raw, final=self.over and not self.cut)
        except UnicodeDecodeError as error:
            held = bytes(error.object[: error.start])
            line = self.lines + self.text.count("\n", self.counted) + held.count(b"\n")
            raise Unreadable("encoding", line) from None
        self.line()
        self.text = self.text[self.position :] + new
        self.counted -= self.position
        self.position = 0
        return bool(raw)

    def here(self) -> str:
        return self.text[self.position : self.position + 1]

    def line(self) -> int:
        """Of the position."""
        self.lines += self.text.count("\n", self.counted, self.position)
        self.counted = self.position
        return self.lines

    def skip(self) -> bool:
        """To the next thing that is no blank; whether there is one."""
        while True:
            while self.position < len(self.text) and self.text[self.position] in " \t\r\n":
                self.position += 1
            if self.position < len(self.text):
                return True
            if not self.more(_CHUNK):
                return False

    def item(self, decoder: json.JSONDecoder) -> object:
        """The value at the position, which ends at `ends`. Raises Unreadable and _Cut."""
        size = _CHUNK
        while True:
            try:
                value, self.ends = decoder.raw_decode(self.text, self.position)
                if self.ends < len(self.text) or self.over:  # else a number may go on
                    return value
            except (ValueError, RecursionError) as error:
                waiting = len(self.text) - self.position
                if self.over or waiting > MAX_LINE or isinstance(error, RecursionError):
                    if self.cut and waiting < MAX_LINE:
                        raise _Cut from None
                    raise self._broken(error) from None
            self.more(size)
            size *= 2

    def _broken(self, error: Exception) -> Unreadable:
        line = self.line()
        said = str(error)[:80]
        if isinstance(error, json.JSONDecodeError):
            said = error.msg
            line += self.text.count("\n", self.position, error.pos)
        return Unreadable("not-json", line, plain(said))
