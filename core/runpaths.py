"""Looks at the paths that a run config names, however odd they are: what cannot be looked at is not there."""

from __future__ import annotations

import os
from itertools import islice
from pathlib import Path

from qtune.core.rundefaults import DATA_NOW

_MOST = 2000  # files of a folder that are looked at for one of rows


def absolute(root: Path, text: str) -> Path | None:
    """Taken from the project's folder; None when no file system could hold it."""
    path = root / text
    try:
        path = root / Path(text).expanduser()
        path.lstat()
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return path
    except (ValueError, OSError, RuntimeError):  # a NUL, a name too long, an unknown ~user
        return None
    return path


# What these cannot look at (no permission, a link to itself, a path too long) is not there for us
# either. The methods of Path raise instead, before Python 3.14.


def is_file(path: Path) -> bool:
    return os.path.isfile(path)  # noqa: PTH113


def is_folder(path: Path) -> bool:
    return os.path.isdir(path)  # noqa: PTH112


def real(path: Path) -> Path:
    return Path(os.path.realpath(path))


def names_in(folder: Path) -> list[str]:
    """Of the files that could be data: `train.py` is not what anybody means by train.jsonl."""
    try:
        return [name for name in os.listdir(folder) if name.lower().endswith(DATA_NOW)]  # noqa: PTH208
    except OSError:
        return []


def holds_rows(folder: Path) -> bool:
    """Whether a file of rows lies in it or below; of a very large one, as far as was looked."""
    names = (name for _, _, names in os.walk(folder) for name in names)
    looked = 0
    for name in islice(names, _MOST):
        looked += 1
        if name.lower().endswith(DATA_NOW):
            return True
    return looked == _MOST


def from_root(root: Path, path: Path) -> str:
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)
