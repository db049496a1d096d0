"""What stands in `.env`, line by line, and what git makes of the file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal


@dataclass(frozen=True)
class EnvEntry:
    """A line of `.env`. `shown` is the value, masked for secrets and "" for keys qtune does not know.

    Lines and columns are 1-based; `value_column` and `end_column` bound the value with its quotes, and
    `hash_column` is that of a `#` in a value without quotes, 0 where there is none. `strays` are columns, from
    and up to, of what cannot belong to the value of a setting: characters that nobody sees, and around a token
    quotes, blanks and the word Bearer.
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
    strays: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True)
class UnparsedLine:
    """`key` and the columns are those of core.envfile.Unparsed.mapping: a line written as in YAML.

    `strays` are columns, from and up to, of characters that cannot be seen, and without which the line is a
    setting.
    """

    line: int
    reason: str
    key: str = ""
    column: int = 0
    value_column: int = 0
    strays: tuple[tuple[int, int], ...] = ()


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
        return self._last.get(key)

    @cached_property
    def _last(self) -> Mapping[str, EnvEntry]:
        return {entry.key: entry for entry in self.entries}
