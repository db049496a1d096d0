"""The tokens that were found, masked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from qtune.core.origin import Origin

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
