"""RAM: the machine's, and what a container may use of it, which Linux keeps in cgroups."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from qtune.doctor.context import Context
from qtune.doctor.facts import Facts, Known, Resources, Unknown
from qtune.doctor.probes.program import run

_UNLIMITED = 1 << 62  # what version 1 of cgroups writes where there is no limit is a little more
_SECONDS = 1.0


def probe(context: Context, seen: Facts, root: Path = Path("/")) -> Known[Resources] | Unknown:
    memory = _linux(root) or _windows() or _mac()
    if memory is None:
        return Unknown("absent", "this system does not say how much memory there is")
    total, available = memory
    return Known(Resources(total, available, min(_limits(root), default=None)))


def _linux(root: Path) -> tuple[int, int] | None:
    rows = dict(line.partition(":")[::2] for line in _read(root / "proc/meminfo").splitlines())
    try:
        total = int(rows["MemTotal"].split()[0]) << 10
        available = int(rows.get("MemAvailable", rows["MemTotal"]).split()[0]) << 10
    except (KeyError, ValueError, IndexError):
        return None
    return total, available


def _windows() -> tuple[int, int] | None:
    if sys.platform != "win32":
        return None

    class Status(ctypes.Structure):
        _fields_ = (
            ("length", ctypes.c_ulong),
            ("load", ctypes.c_ulong),
            ("total", ctypes.c_ulonglong),
            ("available", ctypes.c_ulonglong),
            *((name, ctypes.c_ulonglong) for name in ("page", "pages", "own", "owns", "more")),
        )

    status = Status(length=ctypes.sizeof(Status))
    if not ctypes.windll.kernel32.GlobalMemoryStatusEx(ctypes.byref(status)):
        return None
    return int(status.total), int(status.available)


def _mac() -> tuple[int, int] | None:
    """macOS calls little of its memory free, and gives more when asked: all of it counts as available."""
    if sys.platform != "darwin":
        return None
    told = run(["/usr/sbin/sysctl", "-n", "hw.memsize"], {}, _SECONDS).out.strip()
    return (int(told), int(told)) if told.isdecimal() else None


def _limits(root: Path) -> Iterator[int]:
    for folder in _cgroups(root):
        for name in ("memory.max", "memory.limit_in_bytes"):
            words = _read(folder / name).split()
            if words and words[0].isdecimal() and int(words[0]) < _UNLIMITED:
                yield int(words[0])


def _cgroups(root: Path) -> Iterator[Path]:
    """The folder of this process's group and those above it: each may have a limit.

    In a container the path may be the host's, which is not there; then the top is the container's own.
    """
    for line in _read(root / "proc/self/cgroup").splitlines():
        _, names, path = (*line.split(":", 2), "", "")[:3]
        if names and "memory" not in names.split(","):
            continue
        top = root / "sys/fs/cgroup" / ("memory" if names else "")
        inner = PurePosixPath(path.lstrip("/"))
        for part in (inner, *inner.parents):
            if ".." not in part.parts:
                yield top / part


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""
