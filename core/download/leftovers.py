"""What other programs left on this machine of the files that are wanted: whole ones, and beginnings.

Found by name and size alone; nothing here is believed before its hash is right.

    huggingface_hub         blobs/<etag>[.<8 hex>].incomplete in this very repository, and below --local-dir
    ModelScope's client     PATH, PATH.incomplete and PATH_START_END in its own cache, and in --local-dir

Links are passed over: they lead to what lies elsewhere, mostly to blobs of ours (see view).
"""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from qtune.core.cachestore import modelscope
from qtune.core.cachestore.walk import entries
from qtune.core.download.engine.intervals import Intervals
from qtune.core.download.engine.job import SMALL
from qtune.core.hub.interface import RepoFile, RepoType

OF_THE_CACHE = "cache"
OF_MODELSCOPE = "modelscope's cache"
OF_ANOTHER_SNAPSHOT = "another snapshot"
BEGUN_BY_HUGGINGFACE = "huggingface_hub's partial file"
BEGUN_BY_MODELSCOPE = "modelscope's partial file"

_BLOCK = 1 << 20
_PART = re.compile(r"(.+)_(\d{1,15})_(\d{1,15})")
_DOWNLOADS = ".cache/huggingface/download"  # of huggingface_hub, below a --local-dir


@dataclass(frozen=True)
class Search:
    """Where to look. `root`: the repository's folder in the Hugging Face cache; `local`: the --local-dir."""

    repo_id: str
    kind: RepoType
    root: Path
    modelscope: Path | None = None
    local: Path | None = None


@dataclass(frozen=True)
class Whole:
    """`path` has the file's name and size."""

    file: RepoFile
    path: Path
    origin: str


@dataclass(frozen=True)
class Beginning:
    """`length` bytes of `path` from `offset` on should be those of the file from `start` on.

    `lock`: held by the program that writes `path`, while it does.
    """

    file: RepoFile
    path: Path
    offset: int
    start: int
    length: int
    origin: str
    lock: Path | None = None


@dataclass(frozen=True)
class _Found:
    path: Path
    start: int
    most: int
    origin: str
    lock: Path | None = None


def found(files: Sequence[RepoFile], search: Search) -> tuple[Whole | Beginning, ...]:
    """In the order of `files`; of each its whole copies first, and beginnings only where there are none.

    Beginnings of one file do not overlap.
    """
    look = _Look(search)
    result: list[Whole | Beginning] = []
    for file in files:
        if not file.size:
            continue
        wholes = [Whole(file, path, origin) for path, origin in look.whole(file)]
        result += wholes or _disjoint(file, look.begun(file) if file.size > SMALL else ())
    return tuple(result)


class _Look:
    """Each folder is read once, however many files of a repository it may hold."""

    def __init__(self, search: Search) -> None:
        self._search = search
        cache, kind = search.modelscope, search.kind
        self._places = modelscope.places(cache, kind, search.repo_id) if cache is not None else ()
        self._shots = [Path(e.path) for e in entries(search.root / "snapshots")]
        self._folders: dict[Path, dict[str, int]] = {}

    def _sizes(self, folder: Path) -> dict[str, int]:
        """Of the plain files in a folder, by name."""
        if folder not in self._folders:
            there = self._folders[folder] = {}
            for entry in entries(folder):
                try:
                    about = entry.stat(follow_symlinks=False)
                except OSError:
                    continue
                if stat.S_ISREG(about.st_mode):
                    there[entry.name] = about.st_size
        return self._folders[folder]

    def whole(self, file: RepoFile) -> Iterator[tuple[Path, str]]:
        candidates = [(p.path, OF_MODELSCOPE) for p in self._places]
        candidates += [(shot, OF_ANOTHER_SNAPSHOT) for shot in self._shots]
        for folder, origin in candidates:
            path = folder / file.path
            if self._sizes(path.parent).get(path.name) == file.size:
                yield path, origin

    def begun(self, file: RepoFile) -> Iterator[_Found]:
        yield from self._by_huggingface(file)
        places = list(self._places)
        if self._search.local is not None:
            places.append(modelscope.Place(self._search.local))
        for place in places:
            yield from self._by_modelscope(file, place)

    def _by_huggingface(self, file: RepoFile) -> Iterator[_Found]:
        root, local = self._search.root, self._search.local
        etags = [etag for etag in (file.sha256, file.git_sha1) if etag]
        for etag in etags:
            lock = root.parent / ".locks" / root.name / f"{etag}.lock"
            for name in self._sizes(root / "blobs"):
                if name.startswith(f"{etag}.") and name.endswith(".incomplete"):
                    path = root / "blobs" / name
                    yield _Found(path, 0, file.size, BEGUN_BY_HUGGINGFACE, lock)
            if local is None:
                continue
            beside = local / _DOWNLOADS / file.path
            lock = beside.with_name(f"{beside.name}.lock")
            for name in self._sizes(beside.parent):
                if f".{etag}." in name and name.endswith(".incomplete"):
                    path = beside.parent / name
                    yield _Found(path, 0, file.size, BEGUN_BY_HUGGINGFACE, lock)

    def _by_modelscope(self, file: RepoFile, place: modelscope.Place) -> Iterator[_Found]:
        at = place.path / file.path
        fronts = {f"{at.name}.incomplete", f"{at.name}.parallel_tmp"}
        if place.begun:
            fronts.add(at.name)
        for name in self._sizes(at.parent):
            if name in fronts:
                yield _Found(at.parent / name, 0, file.size, BEGUN_BY_MODELSCOPE)
            elif (part := _PART.fullmatch(name)) and part[1] == at.name:
                start, last = int(part[2]), int(part[3])
                if start <= last < file.size:
                    most = last + 1 - start
                    yield _Found(at.parent / name, start, most, BEGUN_BY_MODELSCOPE)


def _disjoint(file: RepoFile, begun: Iterator[_Found] | tuple[()]) -> Iterator[Beginning]:
    """Longest first, so that a file is put together from few pieces."""
    stretches = [
        (length, offset, of)
        for of in begun
        for offset, length in _written(of.path, of.most)
        if of.start + offset < file.size
    ]
    taken = Intervals()
    for length, offset, of in sorted(stretches, key=lambda s: (-s[0], s[1], str(s[2].path))):
        start = of.start + offset
        end = min(start + length, file.size)
        for left, right in within(taken.gaps(file.size), start, end):
            at = left - of.start
            yield Beginning(file, of.path, at, left, right - left, of.origin, of.lock)
        taken.add(start, end)


def within(stretches: Sequence[tuple[int, int]], start: int, end: int) -> list[tuple[int, int]]:
    """The parts of them that lie between both."""
    cut = [(max(left, start), min(right, end)) for left, right in stretches]
    return [(left, right) for left, right in cut if left < right]


def _written(path: Path, most: int) -> list[tuple[int, int]]:
    """Where in the file there are bytes that somebody wrote, as (offset, length).

    Who reserves a file's whole length before it comes, as Xet does, leaves holes or zeros behind when it is
    killed: holes are passed over where the system tells of them, and zeros at the end of a stretch are not
    believed. Zeros that were right cost no more than being fetched.
    """
    try:
        with path.open("rb", buffering=0) as stream:
            handle = stream.fileno()
            size = min(os.fstat(handle).st_size, most)
            ends = [(start, _last(handle, start, end)) for start, end in _data(handle, size)]
    except OSError:
        return []
    return [(start, end - start) for start, end in ends if end > start]


def _data(handle: int, size: int) -> list[tuple[int, int]]:
    if not hasattr(os, "SEEK_DATA"):
        return [(0, size)]
    stretches: list[tuple[int, int]] = []
    at = 0
    while at < size:
        try:
            start = os.lseek(handle, at, os.SEEK_DATA)
            at = os.lseek(handle, start, os.SEEK_HOLE)
        except OSError as error:
            if error.errno == errno.ENXIO:  # nothing but a hole to the end
                break
            return [(0, size)]
        if start < size:
            stretches.append((start, min(at, size)))
    return stretches


def _last(handle: int, start: int, end: int) -> int:
    """Behind the last byte between both that is not zero."""
    while end > start:
        at = max(start, end - _BLOCK)
        os.lseek(handle, at, os.SEEK_SET)
        block = os.read(handle, end - at)
        kept = len(block.rstrip(b"\0"))
        if kept:
            return at + kept
        end = at
    return start
