"""The `.env` files further up, which are not read, though somebody may think so."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from qtune.core import envfile
from qtune.core.origin import DEFAULT
from qtune.core.settings import Value, problem_of
from qtune.core.table import BY_NAME
from qtune.doctor.facts import OtherEnv

_ABOVE = 8  # folders
_LARGEST = 1 << 18  # bytes; a `.env` is far smaller


def above(own: Path) -> tuple[OtherEnv, ...]:
    """Those of the folders above the one that counts, up to the home folder or the repository's top."""
    return tuple(found for path in _places(own) if (found := read(path)) is not None)


def read(path: Path) -> OtherEnv | None:
    """The settings of qtune's in it that say something; None where there are none. No secret is kept."""
    try:
        if not path.is_file() or path.stat().st_size > _LARGEST:
            return None
        document = envfile.read(path, {})
    except (OSError, ValueError):
        return None
    found: dict[str, str] = {}
    for entry in document.entries:
        row = BY_NAME.get(entry.key)
        if row is not None and entry.value.strip():
            usable = problem_of(row, entry.value.strip()) is None
            shown = Value(row, entry.value, DEFAULT).shown
            found[row.key] = "…" if row.secret or not usable else shown
    return OtherEnv(str(path), tuple(found.items())) if found else None


def _places(own: Path) -> Iterator[Path]:
    try:
        folder, home = own.parent.resolve(), Path.home().resolve()
    except (OSError, RuntimeError):
        return
    for upper in list(folder.parents)[:_ABOVE]:
        if folder == home or (folder / ".git").exists():
            return
        yield upper / ".env"
        folder = upper
