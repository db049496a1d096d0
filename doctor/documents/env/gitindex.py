"""Is a file part of a git repository? Read from the repository's index; no program is run, nothing is written."""

from __future__ import annotations

import os
import struct
from functools import lru_cache
from pathlib import Path

_LARGEST = 64 << 20  # bytes: some 700,000 files
_DEEPEST = 40  # folders
_MODES = frozenset({0o100644, 0o100755, 0o120000})
_FIXED = 40  # bytes of an entry before its hash
_EXTENDED, _LENGTH = 0x4000, 0x0FFF


def tracked(path: Path) -> bool:
    """False where there is no repository, and where its index cannot be read."""
    name = Path(os.path.abspath(path))  # noqa: PTH100 (a link is tracked as itself)
    for folder in list(name.parents)[:_DEEPEST]:
        try:
            if not (folder / ".git").exists():
                continue
            index = _directory(folder / ".git") / "index"
            stat = index.stat()
        except (OSError, ValueError):
            return False
        inside = name.relative_to(folder).as_posix()
        return _cached(index, stat.st_mtime_ns, stat.st_size, inside)
    return False


def _directory(place: Path) -> Path:
    """Of a worktree and a submodule `.git` is a file that names the folder."""
    if place.is_dir():
        return place
    with place.open("rb") as file:
        said = file.read(4096).decode("utf-8", "replace")
    return place.parent / said.partition("gitdir:")[2].strip().split("\n")[0]


@lru_cache(64)
def _cached(index: Path, changed: int, size: int, name: str) -> bool:
    if size > _LARGEST:
        return False
    try:
        return holds(index.read_bytes(), os.fsencode(name))
    except (OSError, ValueError, struct.error, IndexError):
        return False


def holds(data: bytes, name: bytes) -> bool:
    """Does the index have an entry of this name? Its format: gitformat-index(5)."""
    magic, version, count = struct.unpack_from(">4sII", data)
    if magic != b"DIRC" or version not in (2, 3, 4) or not name or len(name) >= _LENGTH:
        return False
    if version == 4:
        return any(_in_compressed(data, count, name, digest) for digest in (20, 32))
    at = data.find(name + b"\0", 12)
    while at >= 0:
        if any(_begins_with(data, at, len(name), digest) for digest in (20, 32)):
            return True
        at = data.find(name + b"\0", at + 1)
    return False


def _begins_with(data: bytes, at: int, length: int, digest: int) -> bool:
    """Does an entry, which is a multiple of eight bytes long, have its name at `at`? Hashes have 20 or 32 bytes."""
    for extra in (0, 2):
        begin = at - _FIXED - digest - 2 - extra
        if begin < 12 or (begin - 12) % 8:
            continue
        (flags,) = struct.unpack_from(">H", data, begin + _FIXED + digest)
        (mode,) = struct.unpack_from(">I", data, begin + 24)
        if flags & _LENGTH == length and bool(flags & _EXTENDED) == bool(extra) and mode in _MODES:
            return True
    return False


def _in_compressed(data: bytes, count: int, wanted: bytes, digest: int) -> bool:
    """Version 4: each name says how many bytes of the one before it are to be dropped."""
    at, name = 12, b""
    for _ in range(count):
        (flags,) = struct.unpack_from(">H", data, at + _FIXED + digest)
        at += _FIXED + digest + (4 if flags & _EXTENDED else 2)
        dropped, at = _number(data, at)
        end = data.index(b"\0", at)
        if dropped > len(name):
            return False  # the other kind of hash
        name = name[: len(name) - dropped] + data[at:end]
        at = end + 1
        if name == wanted:
            return True
        if name > wanted:  # they are sorted
            return False
    return False


def _number(data: bytes, at: int) -> tuple[int, int]:
    """As git writes offsets in packs: seven bits a byte, the highest first."""
    byte = data[at]
    value = byte & 0x7F
    while byte & 0x80:
        at += 1
        byte = data[at]
        value = ((value + 1) << 7) | (byte & 0x7F)
    return value, at + 1
