"""The tokens that were found, masked, and the places in which tokens lie."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from qtune.core.origin import Origin

Hub = Literal["huggingface", "modelscope"]
TokenShape = Literal[
    "ok",
    "placeholder",
    "quotes",
    "whitespace",
    "invisible",
    "bearer_prefix",
    "other_hub",
    "malformed",
]


@dataclass(frozen=True)
class TokenFact:
    """One place where a token was found. Equal fingerprints are equal tokens."""

    origin: Origin
    masked: str
    shape: TokenShape
    fingerprint: str


@dataclass(frozen=True)
class Tokens:
    """All tokens found for a hub, the one that counts first.

    `may_go`: the first may be sent to this hub's endpoint (core.trust). `disabled`: implicit sending is off.
    """

    found: tuple[TokenFact, ...]
    may_go: bool
    disabled: bool = False


@dataclass(frozen=True)
class TokenLine:
    """A line of a `.env` that qtune does not read, and that holds a token."""

    hub: Hub
    key: str
    path: str
    line: int


@dataclass(frozen=True)
class Dotenvs:
    """The `.env` files around the one that counts: in the folders above it, and beside the run config."""

    tokens: tuple[TokenLine, ...] = ()

    def token_for(self, hub: str) -> TokenLine | None:
        return next((line for line in self.tokens if line.hub == hub), None)


@dataclass(frozen=True)
class SecretFile:
    """A file in which a login keeps its token. `exposed`: other users of this machine can read it."""

    hub: Hub
    path: str
    mode: int
    exposed: bool


@dataclass(frozen=True)
class SecretFiles:
    files: tuple[SecretFile, ...] = ()


@dataclass(frozen=True)
class Leak:
    """What looks like a token in a file that git keeps; `line` is 1-based.

    `committed`: it stands in the last commit too. `in_use`: it is one of the tokens at hand.
    """

    hub: Hub
    path: str
    line: int
    masked: str
    committed: bool
    in_use: bool


@dataclass(frozen=True)
class Leaks:
    """`more` is how many were found beyond those that are listed."""

    found: tuple[Leak, ...] = ()
    more: int = 0
