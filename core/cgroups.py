"""What a container may use of the machine, as Linux keeps it in control groups of either version."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

_ROOT = Path("/")
_UNLIMITED = 1 << 62  # what version 1 writes where there is no limit is a little more


def memory_limit(root: Path = _ROOT) -> int | None:
    """In bytes; None where there is no limit, or no control group."""
    found = (
        int(words[0])
        for folder in _folders(root, "memory")
        for name in ("memory.max", "memory.limit_in_bytes")
        if (words := read(folder / name).split()) and words[0].isdecimal()
    )
    return min((limit for limit in found if limit < _UNLIMITED), default=None)


def cpu_limit(root: Path = _ROOT) -> int | None:
    """In whole CPUs, at least one; None where there is no limit, or no control group."""
    return min((max(limit, 1) for limit in _cpus(root)), default=None)


def _cpus(root: Path) -> Iterator[int]:
    for folder in _folders(root, "cpu"):
        second = read(folder / "cpu.max").split()
        first = [read(folder / f"cpu.cfs_{name}_us") for name in ("quota", "period")]
        for words in (second, first):  # the quota is `max` or -1 where there is none
            if len(words) == 2 and all(word.isdecimal() for word in words) and int(words[1]):
                yield int(words[0]) // int(words[1])


def _folders(root: Path, controller: str) -> Iterator[Path]:
    """The folder of this process's group and those above it: each may have a limit.

    In a container the path may be the host's, which is not there; then the top is the container's own.
    """
    for line in read(root / "proc/self/cgroup").splitlines():
        _, names, path = (*line.split(":", 2), "", "")[:3]
        if names and controller not in names.split(","):
            continue
        top = root / "sys/fs/cgroup" / (controller if names else "")
        inner = PurePosixPath(path.lstrip("/"))
        for part in (inner, *inner.parents):
            if ".." not in part.parts:
                yield top / part


def read(path: Path) -> str:
    """A file of the kernel's, "" where there is none."""
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""
