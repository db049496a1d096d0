"""What a look at a cache finds, as plain values."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Kind = Literal["model", "dataset"]


@dataclass(frozen=True)
class Revision:
    """A snapshot, and the names that point at it. `missing`: files that should be there and are not.

    `own`: bytes that no other snapshot of the repository uses. `blobs`: those that its links lead to.
    """

    commit: str
    refs: tuple[str, ...]
    files: int
    missing: tuple[str, ...]
    own: int
    blobs: tuple[Path, ...]


@dataclass(frozen=True)
class Partial:
    """The beginning of a file. `name` is what it is going to be, "" where nobody wrote that down."""

    path: Path
    by: Literal["qtune", "huggingface_hub"]
    have: int
    name: str = ""
    size: int | None = None


@dataclass(frozen=True)
class Repo:
    """`size` counts each file once; `used` is the last time one of them was read or written (0: unknown).

    `brought_by` may be empty: nobody left a trace. `sources`: the hubs that sent what qtune brought.
    """

    kind: Kind
    repo_id: str
    root: Path
    size: int
    revisions: tuple[Revision, ...]
    partials: tuple[Partial, ...]
    brought_by: tuple[str, ...]
    sources: tuple[str, ...]
    used: float

    @property
    def label(self) -> str:
        return self.repo_id if self.kind == "model" else f"datasets/{self.repo_id}"

    @property
    def whole(self) -> bool:
        return bool(self.revisions) and not any(r.missing for r in self.revisions)


@dataclass(frozen=True)
class Shelf:
    """`left_out`: what looks like a repository and was not looked into: a link, or a closed folder."""

    folder: Path
    repos: tuple[Repo, ...]
    left_out: tuple[str, ...]


@dataclass(frozen=True)
class Folder:
    """A repository in ModelScope's own cache: plain files. `begun`: bytes of files that are not whole.

    `shared`: bytes that lie elsewhere too under another name (hard links), in the Hugging Face cache or not;
    they are no part of `size`.
    """

    kind: Kind
    repo_id: str
    path: Path
    size: int
    begun: int
    shared: int = 0
