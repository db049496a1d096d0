"""How fast the model's files come."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Sample:
    """A ranged read. `failure` tells how it ended when it brought nothing.

    `ranges`: did the answer hold the range that was asked for, rather than the whole file or another
    part? None: no answer came. `quiet_s`: how long nothing came any more, at the end of a reading
    that ran out of time.
    """

    connections: int
    bytes: int
    seconds: float
    first_byte_ms: int | None = None
    failure: str = ""
    ranges: bool | None = None
    quiet_s: float = 0.0

    @property
    def bytes_per_second(self) -> float:
        return self.bytes / self.seconds if self.seconds > 0 else 0.0


@dataclass(frozen=True)
class Speed:
    """Reads of the very file to be downloaded, with one and with several connections."""

    path: str
    host: str
    single: Sample
    several: Sample | None

    @property
    def best(self) -> float:
        """Bytes per second."""
        return max(
            self.single.bytes_per_second, self.several.bytes_per_second if self.several else 0.0
        )

    @property
    def ok(self) -> bool:
        return self.best > 0


@dataclass(frozen=True)
class Sibling:
    """ModelScope's other site, where the one that the settings name is out of reach or slow.

    `has_model`: without a token it gives the model's files. `speed` is measured only where the first is slow.
    """

    endpoint: str
    ok: bool
    has_model: bool = False
    speed: Speed | None = None
