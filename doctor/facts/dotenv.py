"""What stands in `.env`, line by line, and what git makes of the file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class EnvEntry:
    """A line of `.env`. `shown` is the value, masked for secrets and "" for keys qtune does not know.

    Lines and columns are 1-based; `value_column` and `end_column` bound the value with its quotes, and
    `hash_column` is that of a `#` in a value without quotes, 0 where there is none.
    """

    key: str
    shown: str
    line: int
    column: int
    value_column: int
    end_line: int
    end_column: int
    quote: str
    empty: bool
    looks_secret: bool
    unexpanded: tuple[str, ...] = ()
    hash_column: int = 0


@dataclass(frozen=True)
class UnparsedLine:
    """`key` and the columns are those of core.envfile.Unparsed.mapping: a line written as in YAML."""

    line: int
    reason: str
    key: str = ""
    column: int = 0
    value_column: int = 0


@dataclass(frozen=True)
class OtherEnv:
    """A file that is not read: the settings of qtune in it, (key, value) as they may be shown."""

    path: str
    settings: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class EnvFile:
    """`.env` itself. `mode` is None where the system has no such bits; `git` says what git makes of it.

    `above` are other `.env` further up, the nearest first: they are not read.
    """

    path: str
    exists: bool
    encoding: str
    mode: int | None
    git: Literal["no_repository", "ignored", "untracked", "tracked", "unknown"]
    entries: tuple[EnvEntry, ...] = ()
    unparsed: tuple[UnparsedLine, ...] = ()
    above: tuple[OtherEnv, ...] = ()

    def last(self, key: str) -> EnvEntry | None:
        return next((entry for entry in reversed(self.entries) if entry.key == key), None)
