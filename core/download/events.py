"""What a download tells whoever watches: one dataclass for each thing that happens.

Amounts are bytes, speeds bytes per second, times seconds. A `source` is a name as in QTUNE_SOURCES; `title`,
`listed_by` and `verified_by` are what a person calls it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from qtune.core.text import Text


@dataclass(frozen=True)
class Checking:
    """What lies on the disk already, here or in other programs' caches, is being hashed; the first time with
    0, the last with `total`, in between at most five times a second. Not told of less than 64 MB."""

    done: int
    total: int


@dataclass(frozen=True)
class Planned:
    """Before the first byte. `present` of the `total` bytes are here already, verified or in partial files."""

    repo_id: str
    commit: str
    listed_by: str
    files: int
    total: int
    present: int


@dataclass(frozen=True)
class FileStatus:
    """A file under way. `verified`: bytes that the hash has gone over."""

    path: str
    size: int
    done: int
    verified: int
    bytes_per_second: float
    connections: int


@dataclass(frozen=True)
class SourceStatus:
    """A source in use. `waits_s`: it asked to wait, and this much of it is left."""

    source: str
    title: str
    connections: int
    bytes_per_second: float
    received: int
    waits_s: float | None = None


@dataclass(frozen=True)
class Status:
    """How things stand, several times a second. `eta_s` None: not known yet.

    `done` of `total` bytes are on the disk; `retries` so far, of all connections.
    """

    done: int
    total: int
    files_done: int
    files: int
    bytes_per_second: float
    eta_s: float | None
    retries: int
    sources: tuple[SourceStatus, ...]
    under_way: tuple[FileStatus, ...]


@dataclass(frozen=True)
class FileDone:
    """Whole, verified and at its final place. `sources` sent its bytes: () for what was here already."""

    path: str
    size: int
    sha256: str
    sources: tuple[str, ...]
    verified_by: str


@dataclass(frozen=True)
class Retried:
    """A connection broke, stalled or was refused, and its bytes are asked for again."""

    source: str
    path: str
    why: Text


@dataclass(frozen=True)
class Waiting:
    """A source asked for a pause. It is counted down in `Status`."""

    source: str
    seconds: float
    status: int


@dataclass(frozen=True)
class Dropped:
    """A source is not asked again in this run."""

    source: str
    title: str
    why: Text


@dataclass(frozen=True)
class Said:
    """A line worth keeping in a log, already redacted."""

    text: Text


@dataclass(frozen=True)
class Sent:
    """What one source sent in all, in so many seconds of its own activity."""

    source: str
    title: str
    received: int
    seconds: float


@dataclass(frozen=True)
class Finished:
    """The snapshot is whole; nothing is told after this. `reused` bytes were here before; `received` came over
    the wire in this run. `listed_by` is empty for what was found without a listing."""

    path: str
    repo_id: str
    commit: str
    listed_by: str
    files: int
    total: int
    received: int
    reused: int
    took_s: float
    sent: tuple[Sent, ...]
    dropped: tuple[tuple[str, Text], ...]
    retries: int


Event = (
    Checking | Planned | Status | FileDone | Retried | Waiting | Dropped | Said | Finished
)  # what `Tell` may be called with, from any thread
Tell = Callable[[Event], None]


def nobody(event: Event) -> None:
    """The default observer."""
