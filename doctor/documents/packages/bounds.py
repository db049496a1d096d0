"""Version specifiers as intervals: is every version of one in another, and have two any version in common?

Where an answer is not certain it is "no": nothing is said of what cannot be proved.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version


@dataclass(frozen=True)
class Bounds:
    """From `low` up to `high`; None is open. An end belongs to it where `with_low`, `with_high`."""

    low: Version | None = None
    high: Version | None = None
    with_low: bool = True
    with_high: bool = True

    @property
    def empty(self) -> bool:
        if self.low is None or self.high is None:
            return False
        return self.low > self.high or (
            self.low == self.high and not (self.with_low and self.with_high)
        )

    def within(self, other: Bounds) -> bool:
        if self.empty:
            return False
        return _starts_later(self, other) and _ends_earlier(self, other)

    def apart(self, other: Bounds) -> bool:
        if self.empty or other.empty:
            return False
        return _before(self, other) or _before(other, self)


def _starts_later(inner: Bounds, outer: Bounds) -> bool:
    if outer.low is None:
        return True
    if inner.low is None or inner.low < outer.low:
        return False
    return inner.low > outer.low or outer.with_low or not inner.with_low


def _ends_earlier(inner: Bounds, outer: Bounds) -> bool:
    if outer.high is None:
        return True
    if inner.high is None or inner.high > outer.high:
        return False
    return inner.high < outer.high or outer.with_high or not inner.with_high


def _before(one: Bounds, other: Bounds) -> bool:
    if one.high is None or other.low is None or one.high > other.low:
        return False
    return one.high < other.low or not (one.with_high and other.with_low)


def of(specifier: str) -> Bounds | None:
    """None where it is no specifier. What it leaves out in the middle (!=) is not looked at."""
    try:
        parts = SpecifierSet(specifier)
        return _together(_one(part.operator, part.version) for part in parts)
    except (InvalidSpecifier, InvalidVersion, ValueError):
        return None


def both(one: Bounds, other: Bounds) -> Bounds:
    return _together((one, other))


def _together(parts: Iterable[Bounds]) -> Bounds:
    low, high, with_low, with_high = None, None, True, True
    for part in parts:
        if part.low is not None and (low is None or part.low >= low):
            with_low = part.with_low and (low != part.low or with_low)
            low = part.low
        if part.high is not None and (high is None or part.high <= high):
            with_high = part.with_high and (high != part.high or with_high)
            high = part.high
    return Bounds(low, high, with_low, with_high)


def _one(operator: str, text: str) -> Bounds:
    if operator == "==" and text.endswith(".*"):
        return _up_to_next(Version(text[:-2]), len(Version(text[:-2]).release))
    if operator == "!=":
        return Bounds()
    version = Version(Version(text).public)  # of a build, 2.6.0+cu124, what its numbers say
    if operator in ("==", "==="):
        return Bounds(version, version)
    if operator == "~=":
        return _up_to_next(version, len(version.release) - 1)
    if operator in (">=", ">"):
        return Bounds(low=version, with_low=operator == ">=")
    if operator == "<":
        return Bounds(high=_before_any(version), with_high=False)
    return Bounds(high=version)


def _before_any(version: Version) -> Version:
    """Below 1.0 are no release candidates of 1.0."""
    return version if version.is_prerelease else Version(f"{version}.dev0")


def _up_to_next(low: Version, digits: int) -> Bounds:
    release = [*low.release[:digits]]
    release[-1] += 1
    return Bounds(low, _before_any(Version(".".join(map(str, release)))), with_high=False)


def of_poetry(text: str) -> Bounds | None:
    """Poetry's `^1.2`, `~1.2`, `1.2.3` and `*`; the rest is as pip writes it."""
    text = text.strip()
    try:
        if text == "*":
            return Bounds()
        if text[:1] in ("^", "~") and text[1:2] != "=":
            low = Version(text[1:])
            return _up_to_next(low, _fixed(low) if text[0] == "^" else min(2, len(low.release)))
        if text[:1].isdigit():
            return of(f"=={text}") if "," not in text else None
    except (InvalidVersion, ValueError):
        return None
    return of(text) if "||" not in text and "|" not in text else None


def _fixed(low: Version) -> int:
    """How many numbers a caret keeps: up to the first that is not 0."""
    return next((n for n, part in enumerate(low.release, 1) if part), len(low.release))
