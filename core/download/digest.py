"""The two hashes that hubs list, computed together, and compared with a listing."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from qtune.core.hub.interface import RepoFile

BLOCK = 1 << 20
Advance = Callable[[int], None]  # hears of bytes read, from any thread; may raise Stopped


class Stopped(Exception):
    """The run is ending; a worker leaves at its next step."""


@dataclass(frozen=True)
class Digests:
    sha256: str
    git_sha1: str | None = None

    def match(self, file: RepoFile) -> bool:
        """Every hash that the listing gives must be right."""
        if file.sha256 is not None and self.sha256 != file.sha256:
            return False
        if file.git_sha1 is not None and self.git_sha1 != file.git_sha1:
            return False
        return file.sha256 is not None or file.git_sha1 is not None


class Hasher:
    """sha256 always; git's blob sha1, which begins with the size, for all but large files."""

    def __init__(self, file: RepoFile) -> None:
        self._sha256 = hashlib.sha256()
        self._git = None if file.lfs else hashlib.sha1(usedforsecurity=False)
        if self._git is not None:
            self._git.update(b"blob %d\0" % file.size)

    def update(self, data: bytes | memoryview) -> None:
        self._sha256.update(data)
        if self._git is not None:
            self._git.update(data)

    def digests(self) -> Digests:
        git = self._git.hexdigest() if self._git is not None else None
        return Digests(self._sha256.hexdigest(), git)


def unheard(amount: int) -> None:
    """Where nobody watches."""


def digests_of(path: Path, file: RepoFile, advance: Advance = unheard) -> Digests:
    """Of the file at `path`, as if it were `file`."""
    hasher = Hasher(file)
    with path.open("rb", buffering=0) as stream:
        while block := stream.read(BLOCK):
            hasher.update(block)
            advance(len(block))
    return hasher.digests()


def content(file: RepoFile) -> str:
    """The same of two files only if the bytes are the same."""
    return file.sha256 or file.git_sha1 or file.path


def blob_name(file: RepoFile, digests: Digests) -> str:
    """As huggingface_hub names it: a large file by its sha256, any other by git's sha1."""
    if file.lfs or digests.git_sha1 is None:
        return digests.sha256
    return digests.git_sha1
