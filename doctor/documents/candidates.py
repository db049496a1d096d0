"""One thing that may be written at the cursor, and the text that it would replace."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from qtune.doctor.finding import Span

CandidateKind = Literal["key", "value", "repo_id", "file", "folder", "code"]


@dataclass(frozen=True)
class Candidate:
    """`span` is of one line and holds the cursor; `documentation` is markdown, the others are plain text."""

    label: str
    kind: CandidateKind
    insert: str
    span: Span
    detail: str = ""
    documentation: str = ""


@dataclass(frozen=True)
class Cursor:
    """The line being typed in, cut at the cursor."""

    path: Path
    line: int
    before: str
    behind: str

    def span(self, typed: int, rest: int = 0) -> Span:
        """The last `typed` characters before the cursor and the first `rest` behind it."""
        column = len(self.before) + 1
        return Span(str(self.path), self.line, column - typed, self.line, column + rest)


def fits(label: str, typed: str) -> bool:
    """Do the letters stand in it in this order? An editor filters by itself; this only keeps long lists short."""
    letters = iter(label.lower())
    return all(letter in letters for letter in typed.lower())
