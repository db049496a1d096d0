"""Folders as they are on the disk: no link is followed, no special file opened, no loop walked."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

_DEEPEST = 64  # folders; a repository has a handful
_LARGEST = 64 << 20  # bytes of a file that is read whole: a listing, a ref


def entries(folder: Path) -> list[os.DirEntry[str]]:
    """Sorted by name; none where `folder` is a link, is no folder, or is closed to us."""
    try:
        if not stat.S_ISDIR(folder.lstat().st_mode):
            return []
        with os.scandir(folder) as found:
            return sorted(found, key=lambda entry: entry.name)
    except (OSError, ValueError):
        return []


def below(folder: Path, deepest: int = _DEEPEST) -> Iterator[os.DirEntry[str]]:
    """Everything in the folder that is no folder itself."""
    for entry in entries(folder):
        if not entry.is_dir(follow_symlinks=False):
            yield entry
        elif deepest:
            yield from below(Path(entry.path), deepest - 1)


def is_folder(path: Path) -> bool:
    """A real one: a link to a folder is none."""
    try:
        return stat.S_ISDIR(path.lstat().st_mode)
    except (OSError, ValueError):
        return False


def is_plain(path: Path) -> bool:
    """A file that can be read whole without harm."""
    try:
        found = path.lstat()
    except (OSError, ValueError):
        return False
    return stat.S_ISREG(found.st_mode) and found.st_size <= _LARGEST


def target(link: Path) -> Path | None:
    """Where the link leads in one step, all links of the folders on the way resolved."""
    try:
        to = link.parent / os.readlink(link)  # noqa: PTH115 (keeps ".." for realpath)
    except (OSError, ValueError):
        return None
    return Path(os.path.realpath(to.parent)) / to.name


def lies_in(path: Path, folder: Path) -> bool:
    """After every link; `folder` is a real path."""
    try:
        return Path(os.path.realpath(path)).is_relative_to(folder)
    except (OSError, ValueError):
        return False
