"""What ModelScope's own client keeps, in the three layouts that its versions have used."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from qtune.core.cachestore.contents import Folder, Kind
from qtune.core.cachestore.walk import below, entries, is_folder

_KINDS: Mapping[str, Kind] = {"models": "model", "datasets": "dataset"}
_BEGUN = "._____temp"  # where clients up to 1.37 put what is not yet whole


def read(cache: Path) -> tuple[Folder, ...]:
    """Largest first. Owners and names of older clients write a dot as three underscores."""
    cache = cache.resolve()
    found = [*_in(cache), *_in(cache / "hub"), *_owners(cache / "hub", "model", tuple(_KINDS))]
    merged: dict[tuple[Kind, str, Path], Folder] = {(f.kind, f.repo_id, f.path): f for f in found}
    return tuple(sorted(merged.values(), key=lambda f: (-f.size - f.begun, f.repo_id)))


def _in(folder: Path) -> Iterator[Folder]:
    for name, kind in _KINDS.items():
        for entry in entries(folder / name):
            path = Path(entry.path)
            if is_folder(path / "snapshots") and "--" in path.name:
                yield Folder(kind, path.name.replace("--", "/"), path, _size(path), 0)
        yield from _owners(folder / name, kind, ())


def _owners(folder: Path, kind: Kind, skip: tuple[str, ...]) -> Iterator[Folder]:
    for owner in entries(folder):
        if owner.name.startswith(".") or owner.name in skip:
            continue
        if is_folder(Path(owner.path) / "snapshots"):
            continue
        for entry in entries(Path(owner.path)):
            path = Path(entry.path)
            if is_folder(path) and not entry.name.startswith("."):
                begun = folder / _BEGUN / owner.name / entry.name
                name = entry.name.replace("___", ".")
                yield Folder(kind, f"{owner.name}/{name}", path, _size(path), _size(begun))
    for owner in entries(folder / _BEGUN):
        for entry in entries(Path(owner.path)):
            if not is_folder(folder / owner.name / entry.name):
                name = f"{owner.name}/{entry.name.replace('___', '.')}"
                yield Folder(kind, name, Path(entry.path), 0, _size(Path(entry.path)))


def _size(folder: Path) -> int:
    total = 0
    for entry in below(folder):
        try:
            total += entry.stat(follow_symlinks=False).st_size
        except OSError:
            continue
    return total
