"""A fact: what a probe saw, or why it could not look, which is neither "fine" nor "broken"."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, Literal, TypeAlias, TypeVar

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

UnknownReason = Literal[
    "timeout", "refused", "limited", "dns", "tls", "proxy", "http",
    "absent", "skipped", "needless", "crashed",
]  # fmt: skip


@dataclass(frozen=True)
class Known(Generic[T_co]):
    value: T_co
    took_ms: int = 0


@dataclass(frozen=True)
class Unknown:
    """`detail` is one redacted sentence; for skipped it is the check that stands in the way, or the option.

    limited: the hub asks to wait (429), which says nothing about the credentials.
    needless: there was nothing to look at, such as the identity behind a token that is not there.
    """

    reason: UnknownReason
    detail: str = ""
    took_ms: int = 0


NOT_LOOKED = Unknown("skipped")
"""No rule of this examination asks for it."""

Fact: TypeAlias = Known[T] | Unknown


def known(fact: Fact[T] | None) -> T | None:
    """The value, or None when it could not be had."""
    return fact.value if isinstance(fact, Known) else None
