"""A file on its way to a hub: its path there, its size, and the hashes that say whether it is there already."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from qtune.core.hub.interface import RepoFile

_SAMPLE = 512  # bytes by which Hugging Face tells text from weights


@dataclass(frozen=True)
class Parcel:
    """`content` is a file of this machine, or the bytes themselves."""

    path: str
    content: Path | bytes

    @cached_property
    def size(self) -> int:
        return len(self.content) if isinstance(self.content, bytes) else self.content.stat().st_size

    @cached_property
    def sha256(self) -> str:
        with self.open() as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    @cached_property
    def git_sha1(self) -> str:
        """Git's name for the content, kept as it is."""
        digest = hashlib.sha1(b"blob %d\0" % self.size, usedforsecurity=False)
        with self.open() as file:
            while part := file.read(1 << 20):
                digest.update(part)
        return digest.hexdigest()

    @property
    def sample(self) -> bytes:
        with self.open() as file:
            return file.read(_SAMPLE)

    def open(self) -> io.BytesIO | io.BufferedReader:
        return (
            io.BytesIO(self.content) if isinstance(self.content, bytes) else self.content.open("rb")
        )

    def read(self) -> bytes:
        return self.content if isinstance(self.content, bytes) else self.content.read_bytes()

    def is_there(self, listed: RepoFile | None) -> bool:
        """Whether the hub lists the very same content under this path."""
        if listed is None or listed.size != self.size:
            return False
        if listed.sha256 is not None:
            return listed.sha256 == self.sha256
        return listed.git_sha1 is not None and listed.git_sha1 == self.git_sha1
