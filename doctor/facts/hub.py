"""What a hub says of the model: may it be read, what is in it, how fast it comes."""

from __future__ import annotations

from dataclasses import dataclass

from qtune.core.architecture import Architecture
from qtune.core.hub.interface import Access, RateLimit


@dataclass(frozen=True)
class Relay:
    """How an address that is not the hub's own answers a request for a file that it does not serve.

    `target`: the host that it sends the request on to, "" where it answers itself.
    """

    status: int
    target: str = ""


@dataclass(frozen=True)
class Gate:
    """May the files be read; `path` is the file asked for. `relay`: nobody said no, but no hub answered."""

    access: Access
    path: str
    rate_limit: RateLimit | None = None
    relay: Relay | None = None

    @property
    def ok(self) -> bool:
        return self.access.state.value == "granted"


@dataclass(frozen=True)
class Listing:
    """What would be downloaded. `weight` is the largest file: the one whose speed counts.

    `architecture` is None where config.json could not be had, or is of a model that is not known.
    """

    commit: str
    files: int
    bytes: int
    cached_bytes: int
    weight: str
    weight_bytes: int
    model_type: str = ""
    architecture: Architecture | None = None

    @property
    def missing(self) -> int:
        """Bytes still to be downloaded."""
        return max(0, self.bytes - self.cached_bytes)


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
class CachedSnapshot:
    """What the cache alone could give: a whole snapshot, or the `missing` files of the best there is.

    Judged by sizes, so a damaged file counts as there. Nothing missing and not `whole`: none at all.
    """

    whole: bool
    missing: tuple[str, ...] = ()


@dataclass(frozen=True)
class Sibling:
    """ModelScope's other site, where the one that the settings name is out of reach or slow.

    `has_model`: without a token it gives the model's files. `speed` is measured only where the first is slow.
    """

    endpoint: str
    ok: bool
    has_model: bool = False
    speed: Speed | None = None
