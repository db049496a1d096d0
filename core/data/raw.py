"""What comes out of a data file before anybody asks what it means: a row with its line, or why the file gives none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from qtune.core.text import Text

MAX_LINE = 16 << 20

FaultKind = Literal["encoding", "not-json", "not-table", "not-parquet", "no-pyarrow", "not-gzip"]


@dataclass(frozen=True, slots=True)
class Raw:
    """`value` is the parsed row, or the Unusable that says why there is none.

    `line` is where it begins; in a Parquet file, which has no lines, the number of the row.
    """

    line: int
    value: object


class Unreadable(Exception):
    """The whole file is not what it should be. `line` 0: no place in it can be named."""

    def __init__(
        self, kind: FaultKind, line: int = 0, detail: Text | None = None, fix: Text | None = None
    ) -> None:
        super().__init__(kind)
        self.kind = kind
        self.line = line
        self.detail = detail
        self.fix = fix


def is_utf16(start: bytes) -> bool:
    """By its mark, or by the zeros that every second byte of it is in Latin text."""
    head = start[:64]
    return head.startswith((b"\xff\xfe", b"\xfe\xff")) or head.count(0) > len(head) // 4
