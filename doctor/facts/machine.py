"""The machine's disks: where will be written to, what file system that is, and what lies there already."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

NETWORK = ("nfs", "nfs4", "cifs", "smb3", "smbfs", "smb2", "9p", "afs", "afpfs", "webdav", "davfs")
MEMORY = ("tmpfs", "ramfs")
FAT = ("vfat", "msdos", "fat", "fat32")


@dataclass(frozen=True)
class Volume:
    """The file system under a folder. `kind` is the system's own name for it, "" where it has none.

    `inodes`: how many files can still be made; None where the file system has no such limit.
    `links`: can a symbolic link be made and followed? `locks`: does a lock on a file work? "" was not
    asked, which is so for local file systems; `said` is what the system said of it.
    """

    kind: str = ""
    source: str = ""
    inodes: int | None = None
    links: bool | None = None
    locks: Literal["", "work", "refused", "silent"] = ""
    said: str = ""

    @property
    def network(self) -> bool:
        return self.kind in NETWORK or self.kind.startswith("fuse.")


@dataclass(frozen=True)
class Place:
    """A folder that will be written to. `device` tells whether two places share a disk.

    `owner` is who owns the folder in which nothing may be written, where that is somebody else.
    `silent`: the file system did not answer at all.
    """

    path: str
    free: int
    writable: bool
    device: int
    error: str = ""
    owner: str = ""
    silent: bool = False
    volume: Volume = Volume()


@dataclass(frozen=True)
class Quota:
    """What the user may still write to the file system that `source` names; None: no limit."""

    source: str
    bytes_left: int | None
    files_left: int | None


@dataclass(frozen=True)
class Disk:
    """`long_paths`: may a path be longer than 259 characters? None where that is no question."""

    cache: Place
    output: Place | None
    quotas: tuple[Quota, ...] = ()
    long_paths: bool | None = None


@dataclass(frozen=True)
class Leftover:
    """What a download by another program left when it was cut off."""

    by: Literal["huggingface_hub", "modelscope"]
    path: str
    files: int
    bytes: int


@dataclass(frozen=True)
class BrokenFile:
    """A file of the model that cannot be whole. `pointer`: git wrote the name of the content, not the content."""

    path: str
    why: Literal["empty", "short", "pointer"]
    bytes: int
    wanted: int | None = None


@dataclass(frozen=True)
class ModelFolder:
    """What of the model lies on this machine: its folder in the cache, or the folder that was named.

    `closed` is the first folder in it that may not be written to, and `owner` whose that is.
    `blobs` counts the bytes that lie there under the name of their content.
    """

    path: str
    exists: bool
    closed: str = ""
    owner: str = ""
    blobs: int = 0
    left: tuple[Leftover, ...] = ()
    broken: tuple[BrokenFile, ...] = ()


@dataclass(frozen=True)
class Resources:
    """RAM in bytes; `memory_limit` is the container's own, None where it has none."""

    memory: int
    available: int
    memory_limit: int | None = None

    @property
    def ceiling(self) -> int:
        """More than this no program can have here."""
        return min(self.memory, self.memory_limit or self.memory)
