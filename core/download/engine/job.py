"""One file of a run: its bytes on their way, and which sources may still send it."""

from __future__ import annotations

from dataclasses import dataclass, field

from qtune.core.download.engine.blame import Trial
from qtune.core.download.engine.intervals import Intervals
from qtune.core.download.engine.part import Part
from qtune.core.errors import QtuneError
from qtune.core.hub.interface import RepoFile

SMALL = 64 << 10  # bytes; such a file is fetched in one go, hashed in memory and written whole


@dataclass(eq=False)
class Piece:
    """A stretch that one connection fetches. `at` grows; `end` shrinks when another takes the rest.

    `whole`: the source sends no parts, so the body begins at the file's first byte.
    """

    job: Job
    start: int
    end: int
    at: int
    source: str
    whole: bool = False
    speed: float = 0.0  # bytes per second, as its connection sees it

    @property
    def left(self) -> int:
        return max(0, self.end - self.at)


@dataclass(eq=False)
class Job:
    """The fields but the first three belong to the board, and are changed under its lock alone."""

    file: RepoFile
    part: Part
    earlier: tuple[tuple[int, int], ...] = ()  # stretches that lay here before the run
    sent: set[str] = field(default_factory=set)  # who sent bytes of it in this run that were kept
    free: Intervals = field(default_factory=Intervals)  # neither here nor assigned
    pieces: list[Piece] = field(default_factory=list)
    excluded: dict[str, QtuneError] = field(default_factory=dict)  # sources that cannot send it
    guilty: dict[str, QtuneError] = field(default_factory=dict)  # ... whose bytes were wrong
    tried: set[str] = field(
        default_factory=set
    )  # asked for all of it once more, and nobody else was
    resting: set[str] = field(default_factory=set)  # ... while these were not
    trial: Trial | None = None
    cleared: set[str] = field(default_factory=set)  # sources that a trial did not convict
    opened: bool = False
    complete: bool = False
    kept: bool = False

    @property
    def small(self) -> bool:
        return self.file.size <= SMALL

    @property
    def assigned(self) -> bool:
        return bool(self.pieces)

    @property
    def name(self) -> str:
        """The content's hash: what makes two paths one job."""
        return self.file.sha256 or self.file.git_sha1 or self.file.path
