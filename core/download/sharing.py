"""The same bytes under two names without taking room twice: clones and hard links, where they do no harm."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path

from qtune.core.download.leftovers import Whole

_FICLONE = 0x40049409


def cloned(source: Path, target: Path) -> bool:
    if sys.platform != "linux":
        return False
    import fcntl

    with contextlib.suppress(OSError):
        with source.open("rb") as whole, target.open("xb") as clone:
            fcntl.ioctl(clone, _FICLONE, whole.fileno())
        return True
    target.unlink(missing_ok=True)
    return False


def linked(copy: Whole, target: Path) -> bool:
    if not copy.file.lfs:
        return False
    with contextlib.suppress(OSError, NotImplementedError):
        about = copy.path.lstat()
        owned = not hasattr(os, "getuid") or about.st_uid == os.getuid()
        if owned and not about.st_mode & 0o002 and os.access(copy.path, os.W_OK):
            target.hardlink_to(copy.path)
            return True
    return False
