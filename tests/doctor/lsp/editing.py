"""The text as an editor has it, and what a check of it says there: the other side of the server's bookkeeping."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

from qtune.doctor.documents.check import check
from qtune.doctor.finding import Severity, Span
from tests.doctor.lsp.wire import Message

SEVERITIES = {Severity.ERROR: 1, Severity.WARNING: 2, Severity.INFO: 3}
UNITS: dict[str, Callable[[str], int]] = {
    "utf-8": lambda text: len(text.encode("utf-8", "surrogatepass")),
    "utf-16": lambda text: len(text.encode("utf-16-le", "surrogatepass")) // 2,
    "utf-32": len,
}


class Client:
    """The text as an editor has it: lines that end with \\n, \\r\\n or \\r, characters counted in units."""

    def __init__(self, text: str, encoding: str) -> None:
        self.text, self.units = text, UNITS[encoding]
        self._lines: tuple[str, list[tuple[int, int]]] = ("", [(0, 0)])

    def lines(self) -> list[tuple[int, int]]:
        """Where each line begins, and where it ends without its newline."""
        if self._lines[0] == self.text:
            return self._lines[1]
        found, start, at = [], 0, 0
        while at < len(self.text):
            if self.text[at] in "\r\n":
                found.append((start, at))
                at += 2 if self.text.startswith("\r\n", at) else 1
                start = at
            else:
                at += 1
        self._lines = self.text, [*found, (start, len(self.text))]
        return self._lines[1]

    def place(self, offset: int) -> Message:
        for number, (start, end) in enumerate(self.lines()):
            if offset <= end or number == len(self.lines()) - 1:
                ahead = self.text[start : max(min(offset, end), start)]
                return {"line": number, "character": self.units(ahead)}
        raise AssertionError

    def offset(self, rng: random.Random) -> int:
        """A place where a cursor can stand; often at the end of a line."""
        start, end = rng.choice(self.lines())
        return end if rng.random() < 0.3 else rng.randint(start, end)

    def edit(self, rng: random.Random, pieces: tuple[str, ...]) -> Message:
        begin, end = sorted((self.offset(rng), self.offset(rng)))
        if rng.random() < 0.6 or end - begin > 60:
            end = begin
        new = rng.choice(pieces) if rng.random() < 0.8 or begin == end else ""
        change = {"range": {"start": self.place(begin), "end": self.place(end)}, "text": new}
        self.text = self.text[:begin] + new + self.text[end:]
        return change

    def spot(self, line: int, column: int) -> Message:
        """Of a place of the doctor's, as the client would say it."""
        lines = self.lines()
        start, end = lines[min(max(line, 1), len(lines)) - 1]
        at = min(start + max(column, 1) - 1, end)
        number = min(max(line, 1), len(lines)) - 1
        return {"line": number, "character": self.units(self.text[start:at])}

    def range(self, span: Span | None) -> Message:
        """A place without an end is the rest of its line."""
        if span is None:
            span = Span("", 1, 1, 1, 1)
        start = self.spot(span.line, span.column)
        if not span.end_line or (span.end_line, span.end_column) == (span.line, span.column):
            return {"start": start, "end": self.spot(span.line, 10**9)}
        return {"start": start, "end": self.spot(span.end_line, span.end_column or 1)}


def fresh(client: Client, path: Path) -> list[Message]:
    """What a check of the client's text says, anew."""
    return [
        {
            "code": finding.code,
            "severity": SEVERITIES[finding.severity],
            "range": client.range(finding.span),
            "message": finding.message.en,
        }
        for finding in check(client.text, path, path.parent).findings
    ]


def same(told: list[Message], expected: list[Message]) -> None:
    assert [
        {"code": one["code"], "severity": one["severity"], "range": one["range"]} for one in told
    ] == [{key: one[key] for key in ("code", "severity", "range")} for one in expected]
    for one, other in zip(told, expected, strict=True):
        assert one["message"].startswith(other["message"]), (one, other)
