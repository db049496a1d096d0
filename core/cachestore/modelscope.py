"""What ModelScope's own client keeps, in every layout that its versions have used.

    models/owner--name/snapshots/master/PATH    since 1.38; PATH.incomplete and PATH_START_END are begun
    [hub/]models/owner/name/PATH                up to 1.37, a dot in the name written as three underscores;
    [hub/]owner/name/PATH                       what is begun lies in ._____temp/ beside the owners

Datasets lie in `datasets/` in place of `models/`. What is a link there is qtune's view (download.view).
"""

from __future__ import annotations

import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from qtune.core.cachestore.contents import Folder, Kind
from qtune.core.cachestore.walk import below, entries, is_folder

_KINDS: Mapping[str, Kind] = {"models": "model", "datasets": "dataset"}
_BEGUN = "._____temp"  # where clients up to 1.37 put what is not yet whole
DEFAULT = "master"  # the snapshot that the client takes when it is asked for none


@dataclass(frozen=True)
class Place:
    """A folder of one repository. `begun`: files under their own names are not whole here."""

    path: Path
    begun: bool = False


def places(cache: Path, kind: Kind, repo_id: str) -> tuple[Place, ...]:
    """Where files of this repository may lie, the newest layout first."""
    new = (Place(Path(e.path)) for e in entries(_repository(cache, kind, repo_id) / "snapshots"))
    owner, _, name = repo_id.partition("/")
    names = dict.fromkeys((name.replace(".", "___"), name))
    below_owner = [
        Place(folder / n) for folder in _of_owners(cache, kind) for n in _at(owner, names)
    ]
    begun = [
        Place(folder / _BEGUN / n, begun=True)
        for folder in _of_owners(cache, kind)
        for n in _at(owner, names)
    ]
    return tuple(p for p in (*new, *below_owner, *begun) if is_folder(p.path))


def snapshot(cache: Path, kind: Kind, repo_id: str, revision: str = DEFAULT) -> Path:
    """Where the client of today looks for a revision."""
    return _repository(cache, kind, repo_id) / "snapshots" / revision


def _repository(cache: Path, kind: Kind, repo_id: str) -> Path:
    return cache / f"{kind}s" / repo_id.replace("/", "--")


def _of_owners(cache: Path, kind: Kind) -> Iterator[Path]:
    for base in (cache, cache / "hub"):
        yield base / f"{kind}s"
        if kind == "model":
            yield base


def _at(owner: str, names: Mapping[str, None]) -> Iterator[str]:
    return (f"{owner}/{name}" for name in names)


def read(cache: Path) -> tuple[Folder, ...]:
    """Largest first. A folder of nothing but links is left out: that is what qtune's view is."""
    cache = cache.resolve()
    found = [*_in(cache), *_in(cache / "hub"), *_owners(cache / "hub", "model", tuple(_KINDS))]
    merged = {(f.kind, f.repo_id, f.path): f for f in found if not _is_view(f)}
    return tuple(sorted(merged.values(), key=lambda f: (-f.size - f.begun, f.repo_id)))


def _in(folder: Path) -> Iterator[Folder]:
    for name, kind in _KINDS.items():
        for entry in entries(folder / name):
            path = Path(entry.path)
            if is_folder(path / "snapshots") and "--" in path.name:
                own, shared = _sizes(path)
                yield Folder(kind, path.name.replace("--", "/"), path, own, 0, shared)
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
                begun, _ = _sizes(folder / _BEGUN / owner.name / entry.name)
                own, shared = _sizes(path)
                name = entry.name.replace("___", ".")
                yield Folder(kind, f"{owner.name}/{name}", path, own, begun, shared)
    for owner in entries(folder / _BEGUN):
        for entry in entries(Path(owner.path)):
            if not is_folder(folder / owner.name / entry.name):
                name = f"{owner.name}/{entry.name.replace('___', '.')}"
                begun, _ = _sizes(Path(entry.path))
                yield Folder(kind, name, Path(entry.path), 0, begun)


def _is_view(folder: Folder) -> bool:
    empty = not (folder.size or folder.begun or folder.shared)
    return empty and any(entry.is_symlink() for entry in below(folder.path))


def _sizes(folder: Path) -> tuple[int, int]:
    """Bytes that lie here alone, and bytes of hard links; what is linked to is counted where it lies."""
    own = shared = 0
    for entry in below(folder):
        try:
            found = entry.stat(follow_symlinks=False)
        except OSError:
            continue
        if stat.S_ISREG(found.st_mode) and found.st_nlink > 1:
            shared += found.st_size
        elif stat.S_ISREG(found.st_mode):
            own += found.st_size
    return own, shared
