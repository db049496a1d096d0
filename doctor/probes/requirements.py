"""Which packages of the stack are not what others of it ask for: `pip check`, for these few alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib import metadata

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from qtune.doctor.facts import Unmet


def unmet(names: Iterable[str], *, training: bool) -> Iterator[Unmet]:
    """Both ends are of the stack: what others make of their own dependencies is pip's business.

    qtune itself asks too; what it needs for training, where that is the goal.
    """
    stack = [canonicalize_name(name) for name in names]
    installed = {name: found for name in stack if (found := _version(name))}
    for package in ("qtune", *installed):
        extra = "train" if package == "qtune" and training else ""
        for needed in _asked(package, extra):
            name = canonicalize_name(needed.name)
            # What qtune needs and is missing altogether is PKG701's.
            if name not in stack or (package == "qtune" and name not in installed):
                continue
            if not _meets(installed.get(name, ""), needed):
                yield Unmet(package, f"{name}{needed.specifier}", name, installed.get(name, ""))


def _asked(package: str, extra: str) -> Iterator[Requirement]:
    try:
        lines = metadata.requires(package) or []
    except (metadata.PackageNotFoundError, OSError, ValueError, KeyError):
        return
    for line in lines:
        try:
            needed = Requirement(line)
            if needed.marker is None or needed.marker.evaluate({"extra": extra}):
                yield needed
        except (InvalidRequirement, ValueError, LookupError):
            continue  # somebody else's slip; pip would not have installed by it


def _meets(found: str, needed: Requirement) -> bool:
    """A build of one's own (2.6.0+cu124, 2.7.0a0) counts as what its numbers say."""
    if not found:
        return False
    try:
        return needed.specifier.contains(Version(found), prereleases=True)
    except InvalidVersion:
        return True


def _version(name: str) -> str:
    try:
        found: str | None = metadata.version(name)
    except (metadata.PackageNotFoundError, OSError, ValueError, KeyError):
        return ""
    return found or ""
