"""RAM: the machine's, and what a container may use of it, which core.cgroups reads."""

from __future__ import annotations

import ctypes
import sys
from pathlib import Path

from qtune.core.cgroups import memory_limit, read
from qtune.doctor.context import Context
from qtune.doctor.facts import Facts, Known, Resources, Unknown
from qtune.doctor.probes.program import run

_SECONDS = 1.0


def probe(context: Context, seen: Facts, root: Path = Path("/")) -> Known[Resources] | Unknown:
    memory = _linux(root) or _windows() or _mac()
    if memory is None:
        return Unknown("absent", "this system does not say how much memory there is")
    total, available = memory
    return Known(Resources(total, available, memory_limit(root)))


def _linux(root: Path) -> tuple[int, int] | None:
    rows = dict(line.partition(":")[::2] for line in read(root / "proc/meminfo").splitlines())
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
