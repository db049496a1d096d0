"""What a hub says of the model: may it be read, and what is in it."""

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
class CachedSnapshot:
    """What the cache alone could give: a whole snapshot, or the `missing` files of the best there is.

    Judged by sizes, so a damaged file counts as there. Nothing missing and not `whole`: none at all.
    """

    whole: bool
    missing: tuple[str, ...] = ()
