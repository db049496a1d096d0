"""Small files in the user's cache: written whole, for the user alone, and believed only where nobody else can have
written them."""

from __future__ import annotations

import contextlib
import os
import stat
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

Stamp = tuple[int, int, int, int]  # equal for a file that was not touched since

_OLD_S = 3600.0  # a half-written file that old was left behind by a kill


def outside(folder: Path, root: Path) -> bool:
    """XDG_CACHE_HOME or HOME may point into the workspace, whose files may be anybody's.

    A workspace that is the user's home, as in JupyterLab, holds their cache all the same: where the system
    says that it is, whatever the environment says.
    """
    try:
        place, workspace = folder.resolve(), _workspace(root.resolve())
    except (OSError, RuntimeError, ValueError):
        return False
    if not place.is_relative_to(workspace):
        return True
    home = _home()
    cache = "Library/Caches" if sys.platform == "darwin" else ".cache"
    return (
        home is not None
        and home.is_relative_to(workspace)
        and place == (home / cache / "qtune" / "reports").resolve()
    )


def _workspace(root: Path) -> Path:
    """The repository around `root`, where there is one."""
    return next((above for above in (root, *root.parents) if (above / ".git").exists()), root)


def _home() -> Path | None:
    """As the system's list of users has it; None where there is none (Windows)."""
    try:
        import pwd

        return Path(pwd.getpwuid(os.getuid()).pw_dir).resolve()
    except (ImportError, KeyError, OSError, RuntimeError):
        return None


def is_ours(folder: Path) -> bool:
    try:
        return _ours(folder.stat())
    except (OSError, ValueError):
        return False


def _ours(found: os.stat_result) -> bool:
    """Only we may have written it."""
    if not hasattr(os, "getuid"):
        return True
    return found.st_uid == os.getuid() and not found.st_mode & 0o022


def stamp(path: Path) -> Stamp | None:
    """None: it is not there."""
    try:
        return _stamp(path.lstat())
    except (OSError, ValueError):
        return None


def _stamp(seen: os.stat_result) -> Stamp:
    return seen.st_mtime_ns, seen.st_ctime_ns, seen.st_size, seen.st_ino


def newest(folder: Path, prefix: str, suffix: str) -> list[Path]:
    """Those files of the folder, the last written first."""
    try:
        found = sorted(_times(folder, prefix, suffix), reverse=True)
    except (OSError, ValueError):
        return []
    return [path for _, path in found]


def read(path: Path, largest: int) -> tuple[Stamp, str]:
    """UTF-8. Raises OSError, ValueError for what is no file of our own of at most `largest` bytes."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    with os.fdopen(os.open(path, flags), "rb") as file:
        seen = os.fstat(file.fileno())
        if not stat.S_ISREG(seen.st_mode) or not _ours(seen):
            raise ValueError("no file of our own")
        data = file.read(largest + 1)
    if len(data) > largest:
        raise ValueError("too large")
    return _stamp(seen), data.decode("utf-8")


def write(path: Path, text: str) -> bool:
    """In one step, 0600 in a folder of 0700; False where that cannot be."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.parent.chmod(0o700)
        if not _ours(path.parent.stat()):
            return False
        _replace(path, text)
    except (OSError, ValueError):
        return False
    return True


def _replace(target: Path, text: str) -> None:
    handle, name = tempfile.mkstemp(prefix=".", suffix=".tmp", dir=target.parent)  # 0600
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        Path(name).replace(target)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise


def forget(folder: Path, suffix: str, kept: int) -> None:
    """All but the newest `kept`, and what a kill left half-written."""
    gone = newest(folder, "", suffix)[kept:]
    limit = (time.time() - _OLD_S) * 1e9
    with contextlib.suppress(OSError):
        gone += [path for written, path in _times(folder, "", ".tmp") if written < limit]
    for path in gone:
        with contextlib.suppress(OSError):
            path.unlink()


def _times(folder: Path, prefix: str, suffix: str) -> Iterator[tuple[int, Path]]:
    """In nanoseconds."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith(prefix) and entry.name.endswith(suffix):
                with contextlib.suppress(OSError):
                    yield entry.stat(follow_symlinks=False).st_mtime_ns, Path(entry.path)
