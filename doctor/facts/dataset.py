"""The data to train on, as far as it was read: what cannot be used, what stands twice, how long rows are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from qtune.core.text import Text

FileProblem = Literal[
    "", "missing", "folder", "unreadable", "encoding", "not-json", "empty",
    "not-table", "not-parquet", "no-pyarrow", "not-gzip",
]  # fmt: skip
Use = Literal["train", "eval"]


@dataclass(frozen=True)
class BadRow:
    """A row that cannot be used; `kind` is one of core.data.unusable.KINDS. `column` is 1-based."""

    line: int
    column: int
    kind: str
    detail: str


@dataclass(frozen=True)
class Twin:
    """The row in `line` stands already in `path`, line `first`."""

    line: int
    path: str
    first: int


@dataclass(frozen=True)
class DataFile:
    """One file. `rows` were looked at; `whole` tells whether these were all.

    `problem`: why it cannot be read at all, at `line` (0: no place in it) and in the words of `detail`.
    `counts` holds the unusable rows by kind, `bad` the first few of each. `twins` and `leaks` are the first
    of the `repeated` rows, and of the `leaked` rows: those of an eval file that are trained on.
    `garbled` are the lines whose text was spoilt by a wrong encoding, `reasoned` the rows in which a model
    thinks before it answers, `plain` those of text in which no chat template has a part.
    """

    path: str
    use: Use = "train"
    problem: FileProblem = ""
    line: int = 0
    detail: Text | None = None
    rows: int = 0
    whole: bool = True
    counts: Mapping[str, int] = field(default_factory=dict)
    bad: tuple[BadRow, ...] = ()
    repeated: int = 0
    twins: tuple[Twin, ...] = ()
    leaked: int = 0
    leaks: tuple[Twin, ...] = ()
    garbled: int = 0
    garbled_lines: tuple[int, ...] = ()
    reasoned: int = 0
    plain: int = 0

    @property
    def unusable(self) -> int:
        return sum(self.counts.values())

    @property
    def usable(self) -> int:
        return self.rows - self.unusable


@dataclass(frozen=True)
class Lengths:
    """How many of `rows` are longer than `limit` tokens, and in how many the question alone is.

    tokenizer: counted by the model's own. estimate: told from the number of characters, rather too few
    tokens than too many. Neither counts what the chat template adds.
    """

    how: Literal["tokenizer", "estimate"]
    limit: int
    rows: int
    over: int
    hopeless: int
    longest: int


@dataclass(frozen=True)
class Dataset:
    """`row_by_row`: each unusable row is told by itself, as an editor shows it; else those of a kind together.

    `template`: has the model's tokenizer a chat template? None where its files are not on this machine.
    `lengths` None: no row can be too long, or nobody asked.
    """

    files: tuple[DataFile, ...]
    lengths: Lengths | None = None
    template: bool | None = None
    row_by_row: bool = False
