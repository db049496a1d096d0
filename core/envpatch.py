"""A change to `.env`, as data: the one way the doctor's advice reaches the downloader and the trainer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType


@dataclass(frozen=True)
class EnvPatch:
    """Keys to set and keys to remove."""

    set: Mapping[str, str] = field(default_factory=dict)
    unset: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        object.__setattr__(self, "set", MappingProxyType(dict(self.set)))

    def __bool__(self) -> bool:
        return bool(self.set or self.unset)

    def __hash__(self) -> int:
        return hash((frozenset(self.set.items()), self.unset))


@dataclass(frozen=True)
class Conflict:
    """Two patches want different things of one key."""

    key: str
    wanted: tuple[str | None, str | None]


def merge(patches: Iterable[EnvPatch]) -> EnvPatch | Conflict:
    """All patches as one; the first two that disagree about a key come back as the conflict."""
    wanted: dict[str, str | None] = {}
    for patch in patches:
        asked: dict[str, str | None] = {**patch.set, **dict.fromkeys(patch.unset)}
        for key, value in asked.items():
            if key in wanted and wanted[key] != value:
                return Conflict(key, (wanted[key], value))
            wanted[key] = value
    return EnvPatch(
        {key: value for key, value in wanted.items() if value is not None},
        frozenset(key for key, value in wanted.items() if value is None),
    )
