"""The machine's disks and installed packages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Place:
    """A folder that will be written to. `device` tells whether two places share a disk."""

    path: str
    free: int
    writable: bool
    device: int
    error: str = ""


@dataclass(frozen=True)
class Disk:
    cache: Place
    output: Place | None


@dataclass(frozen=True)
class Packages:
    """Installed versions by name; "" where it is not installed."""

    python: str
    versions: Mapping[str, str]
