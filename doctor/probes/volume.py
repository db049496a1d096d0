"""What the file system under a folder can do: more files, symbolic links, locks."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from qtune.core.download import disk
from qtune.doctor.facts import Volume
from qtune.doctor.probes import program
from qtune.doctor.probes.mounts import Mount, of

LOCK_CHILD = Path(__file__).with_name("lock_child.py")
_LOCK_SECONDS = 2.0


@dataclass(frozen=True)
class Asks:
    """How a link is made, and who tries the lock: the system's own, save where a test knows better."""

    symlink: Callable[[str, Path], None] = os.symlink
    python: str = sys.executable
    child: Path = LOCK_CHILD
    seconds: float = _LOCK_SECONDS


ASKS = Asks()


def look(folder: Path, mounted: tuple[Mount, ...]) -> Volume:
    return replace(named(of(folder.resolve(), mounted)), inodes=_inodes(folder))


def named(mount: Mount | None) -> Volume:
    if mount is not None:
        return Volume(kind=mount.kind, source=mount.source)
    return Volume()


def tried(volume: Volume, folder: Path, asks: Asks) -> Volume:
    """The same, with a link and, where the server of a network decides, a lock tried in `folder`."""
    volume = replace(volume, links=_links(folder, asks.symlink))
    if not volume.network or os.name == "nt":
        return volume
    argv = [asks.python, "-I", "-S", str(asks.child), str(folder)]
    done = program.run(argv, dict(os.environ), asks.seconds)
    if done.status == 0:
        return replace(volume, locks="work")
    if done.status is None and "TimeoutExpired" in done.err:
        return replace(volume, locks="silent", said=f"no answer within {asks.seconds:.0f} s")
    lines = done.err.strip().splitlines() or [f"status {done.status}"]
    return replace(volume, locks="refused", said=lines[-1][:200])


def _links(folder: Path, symlink: Callable[[str, Path], None]) -> bool | None:
    """None where nothing could be tried."""
    try:
        return disk.can_link(folder, symlink)
    except OSError:
        return None


def _inodes(folder: Path) -> int | None:
    """btrfs and most network file systems have no such limit, and say 0 of 0."""
    if not hasattr(os, "statvfs"):
        return None
    try:
        told = os.statvfs(folder)
    except OSError:
        return None
    return told.f_favail if told.f_files else None
