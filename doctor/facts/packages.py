"""The Python that qtune runs in, and the packages in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Unmet:
    """`package` asks for `needs` (a requirement as pip writes it); `found` is what is installed, "" for none."""

    package: str
    needs: str
    name: str
    found: str


@dataclass(frozen=True)
class Shadow:
    """`path` is a file or folder that Python takes for the package `name`, before the installed one."""

    name: str
    path: str
    through: str


@dataclass(frozen=True)
class Elsewhere:
    """The environment that the user's shell has activated, where it is not the one qtune runs in.

    `versions` are those of the packages that matter there.
    """

    path: str
    variable: str
    versions: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Packages:
    """Installed versions by name; "" where it is not installed. `bits` of the Python: 32 or 64."""

    python: str
    versions: Mapping[str, str]
    bits: int = 64
    prefix: str = ""
    unmet: tuple[Unmet, ...] = ()
    shadows: tuple[Shadow, ...] = ()
    elsewhere: Elsewhere | None = None


@dataclass(frozen=True)
class Import:
    """How it went to import a package in a child process: "" or the error in Python's own words."""

    version: str
    error: str = ""


@dataclass(frozen=True)
class Imports:
    """Of the packages whose metadata says too little, those that are installed."""

    tried: Mapping[str, Import] = field(default_factory=dict)
