"""The repositories of a Hugging Face cache as they lie on the disk; a look writes nothing, hashes nothing."""

from __future__ import annotations

import os
import stat
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from qtune.core.cachestore.contents import Kind, Repo, Revision, Shelf
from qtune.core.cachestore.partials import partials
from qtune.core.cachestore.walk import below, entries, is_folder, is_plain, lies_in, target
from qtune.core.cachestore.wholeness import lacking
from qtune.core.download.ledger import Ledger
from qtune.core.errors import DownloadError
from qtune.core.text import Text

_KINDS: Mapping[str, Kind] = {"models": "model", "datasets": "dataset"}


@dataclass(frozen=True)
class _File:
    size: int
    used: float
    inode: tuple[int, int]


def read(cache: Path) -> Shelf:
    """Largest first. A cache that is not there is an empty one.

    Raises DownloadError DWN007 for one that is closed to us, or is no folder.
    """
    folder = Path(os.path.realpath(cache))
    try:
        os.scandir(folder).close()
    except FileNotFoundError:
        return Shelf(folder, (), ())
    except OSError as error:
        reason = error.strerror or str(error)
        raise DownloadError(
            "DWN007",
            Text(f"Cannot read the cache {folder}: {reason}", f"无法读取缓存 {folder}：{reason}"),
            Text(
                "Check its owner and rights, and what HF_HOME and HF_HUB_CACHE say.",
                "请检查其所有者与权限，以及 HF_HOME 和 HF_HUB_CACHE 的值。",
            ),
        ) from error
    repos, left_out = [], []
    for entry in entries(folder):
        kind = kind_of(entry.name)
        if kind is None:
            continue
        path = Path(entry.path)
        if is_folder(path) and os.access(path, os.R_OK | os.X_OK):
            repos.append(read_repo(folder, path, kind))
        else:
            left_out.append(entry.name)
    repos.sort(key=lambda repo: (-repo.size, repo.label))
    return Shelf(folder, tuple(repos), tuple(left_out))


def kind_of(name: str) -> Kind | None:
    """Of a folder at the top of the cache; None for what is no repository."""
    prefix, mark, rest = name.partition("--")
    return _KINDS.get(prefix) if mark and rest else None


def id_of(name: str) -> str:
    return name.partition("--")[2].replace("--", "/")


def read_repo(cache: Path, root: Path, kind: Kind) -> Repo:
    blobs = {Path(e.path): found for e in entries(root / "blobs") if (found := _file(e, cache))}
    files = [found for e in below(root) if (found := _file(e, cache))]
    brought_by, sources = _bringers(cache, root, blobs)
    return Repo(
        kind,
        id_of(root.name),
        root,
        _size(files),
        _revisions(root, kind, blobs, cache),
        partials(root),
        brought_by,
        sources,
        max((found.used for found in blobs.values()), default=_newest(files)),
    )


def _file(entry: os.DirEntry[str], cache: Path) -> _File | None:
    """A file, or what a blob of huggingface_hub's store for several repositories stands for."""
    try:
        found = entry.stat(follow_symlinks=False)
        if stat.S_ISLNK(found.st_mode):
            path = Path(entry.path)
            if path.parent.name != "blobs" or not lies_in(path, cache / "blobs"):
                return None
            found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            return None
    except (OSError, ValueError):
        return None
    return _File(found.st_size, max(found.st_atime, found.st_mtime), (found.st_dev, found.st_ino))


def _size(files: list[_File]) -> int:
    return sum({found.inode: found.size for found in files}.values())


def _newest(files: list[_File]) -> float:
    return max((found.used for found in files), default=0.0)


def _revisions(
    root: Path, kind: Kind, blobs: Mapping[Path, _File], cache: Path
) -> tuple[Revision, ...]:
    shots = [Path(e.path) for e in entries(root / "snapshots") if is_folder(Path(e.path))]
    names: dict[str, list[str]] = {}
    for name, commit in refs(root):
        names.setdefault(commit, []).append(name)
    uses = {shot: used_blobs(shot) for shot in shots}
    shared = Counter(blob for used in uses.values() for blob in used)
    found = []
    for shot in shots:
        files = list(below(shot))
        own = [blobs[b] for b in uses[shot] if shared[b] == 1 and b in blobs]
        own += [f for e in files if (f := _file(e, cache))]
        found.append(
            Revision(
                shot.name,
                tuple(names.get(shot.name, ())),
                len(files),
                lacking(root, shot, kind),
                _size(own),
                tuple(sorted(uses[shot])),
            )
        )
    return tuple(found)


def refs(root: Path) -> Iterator[tuple[str, str]]:
    """Names and what they point at, `main` first."""
    folder = root / "refs"
    found = [Path(entry.path) for entry in below(folder)]
    for path in sorted(found, key=lambda p: (p.name != "main", str(p))):
        if is_plain(path):
            try:
                yield (
                    path.relative_to(folder).as_posix(),
                    path.read_text("ascii", "replace").strip(),
                )
            except OSError:
                continue


def used_blobs(shot: Path) -> set[Path]:
    """The blobs that the snapshot's links lead to, whole or missing."""
    links = (Path(entry.path) for entry in below(shot) if entry.is_symlink())
    return {found for link in links if (found := target(link)) is not None}


def shown_as(root: Path, blob: Path) -> str:
    """The file that a snapshot's link makes of the blob; "" where none does."""
    for shot in entries(root / "snapshots"):
        for entry in below(Path(shot.path)):
            if entry.is_symlink() and target(Path(entry.path)) == blob:
                return Path(entry.path).relative_to(shot.path).as_posix()
    return ""


def ledger_of(root: Path) -> Ledger | None:
    path = root / ".qtune" / "provenance.json"
    return Ledger(root, path) if is_folder(path.parent) and is_plain(path) else None


def _bringers(
    cache: Path, root: Path, blobs: Mapping[Path, _File]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """qtune keeps a ledger; huggingface_hub leaves a lock for each blob, and since 2.0 its listing."""
    ledger = ledger_of(root)
    ours = {name: e.source for name, e in ledger.files.items() if e.source} if ledger else {}
    locks = {entry.name for entry in entries(cache / ".locks" / root.name)}
    trees = is_folder(root / "trees")
    found = {"qtune"} if ours else set()
    for blob in blobs:
        if f"blobs/{blob.name}" not in ours and (f"{blob.name}.lock" in locks or trees):
            found.add("huggingface_hub")
    return tuple(sorted(found, reverse=True)), tuple(sorted(set(ours.values())))
