"""Asks NVIDIA's management library over ctypes and prints one line of JSON. Run as a script, in a child
process: a driver that hangs or crashes does so there."""

from __future__ import annotations

import ctypes
import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

_MOST = 128  # devices; a library that names more is broken
_HOLDERS = 64
_SMALL = 7  # NVML_ERROR_INSUFFICIENT_SIZE
_MODES = {0: "default", 1: "exclusive", 2: "prohibited", 3: "exclusive"}
# Bits of nvmlDeviceGetCurrentClocksEventReasons that mean that something is wrong. A power cap that software
# keeps is how every card works under load.
_SLOWED = {0x08: "hw_slowdown", 0x20: "sw_thermal", 0x40: "hw_thermal", 0x80: "power_brake"}


class NvmlError(Exception):
    """NVML's own words, and its number for them."""

    def __init__(self, words: str, status: int) -> None:
        super().__init__(words)
        self.status = status


class _Memory(ctypes.Structure):
    _fields_ = (
        ("total", ctypes.c_ulonglong),
        ("free", ctypes.c_ulonglong),
        ("used", ctypes.c_ulonglong),
    )


class _Process(ctypes.Structure):
    _fields_ = (
        ("pid", ctypes.c_uint),
        ("memory", ctypes.c_ulonglong),
        ("gpu_instance", ctypes.c_uint),
        ("compute_instance", ctypes.c_uint),
    )


def load(names: list[str]) -> ctypes.CDLL | None:
    """The first of these libraries that loads."""
    for name in names:
        try:
            return ctypes.CDLL(name)
        except OSError:
            continue
    return None


def look(library: ctypes.CDLL) -> dict[str, Any]:
    """Raises NvmlError, and AttributeError where the library lacks a function that all have."""
    call(library, "nvmlInit_v2")
    try:
        count = ctypes.c_uint()
        driver = text(library, "nvmlSystemGetDriverVersion", 80)
        call(library, "nvmlDeviceGetCount_v2", ctypes.byref(count))
        gpus, lost = [], []
        for index in range(min(count.value, _MOST)):
            try:
                gpus.append(gpu(library, index))
            except NvmlError as error:
                lost.append(f"GPU {index}: {error}")
        return {"driver": driver, "gpus": gpus, "lost": lost}
    finally:
        library.nvmlShutdown()


def gpu(library: ctypes.CDLL, index: int) -> dict[str, Any]:
    handle = ctypes.c_void_p()
    call(library, "nvmlDeviceGetHandleByIndex_v2", ctypes.c_uint(index), ctypes.byref(handle))
    found: dict[str, Any] = {"index": index, **size(library, handle)}
    found["name"] = text(library, "nvmlDeviceGetName", 96, handle)
    for name, ask in (
        ("capability", capability),
        ("uuid", uuid),
        ("mode", mode),
        ("slices", slices),
        ("holders", holders),
        ("wear", wear),
        ("slowed", slowed),
    ):
        value = told(ask, library, handle)
        if value is not None:
            found[name] = value
    found["mig"] = "slices" in found
    return found


def told(ask: Callable[[ctypes.CDLL, Any], Any], library: ctypes.CDLL, handle: Any) -> Any:
    """None where this card, or this version of the library, does not tell it."""
    try:
        return ask(library, handle)
    except (NvmlError, AttributeError):
        return None


def size(library: ctypes.CDLL, handle: Any) -> dict[str, int]:
    """Zeros for memory that is shared with the CPU, of which NVML tells nothing."""
    memory = _Memory()
    told(
        lambda lib, it: call(lib, "nvmlDeviceGetMemoryInfo", it, ctypes.byref(memory)),
        library,
        handle,
    )
    return {"memory_total": memory.total, "memory_free": memory.free}


def capability(library: ctypes.CDLL, handle: Any) -> str:
    major, minor = ctypes.c_int(), ctypes.c_int()
    name = "nvmlDeviceGetCudaComputeCapability"
    call(library, name, handle, ctypes.byref(major), ctypes.byref(minor))
    return f"{major.value}.{minor.value}"


def uuid(library: ctypes.CDLL, handle: Any) -> str:
    return text(library, "nvmlDeviceGetUUID", 96, handle)


def mode(library: ctypes.CDLL, handle: Any) -> str:
    value = ctypes.c_int()
    call(library, "nvmlDeviceGetComputeMode", handle, ctypes.byref(value))
    return _MODES.get(value.value, "")


def slices(library: ctypes.CDLL, handle: Any) -> list[dict[str, Any]] | None:
    """The MIG instances; None where MIG is off."""
    now, later = ctypes.c_uint(), ctypes.c_uint()
    call(library, "nvmlDeviceGetMigMode", handle, ctypes.byref(now), ctypes.byref(later))
    if now.value != 1:
        return None
    most = ctypes.c_uint()
    call(library, "nvmlDeviceGetMaxMigDeviceCount", handle, ctypes.byref(most))
    found = []
    for index in range(min(most.value, _MOST)):
        part = ctypes.c_void_p()
        name = "nvmlDeviceGetMigDeviceHandleByIndex"
        try:
            call(library, name, handle, ctypes.c_uint(index), ctypes.byref(part))
        except NvmlError:
            continue
        known = {"uuid": uuid(library, part), "name": text(library, "nvmlDeviceGetName", 96, part)}
        found.append({**known, **size(library, part)})
    return found


def holders(library: ctypes.CDLL, handle: Any) -> list[dict[str, int]]:
    name = "nvmlDeviceGetComputeRunningProcesses_v3"
    count = ctypes.c_uint(_HOLDERS)
    rows = (_Process * _HOLDERS)()
    status = library[name](handle, ctypes.byref(count), rows)
    if status not in (0, _SMALL):
        raise NvmlError(words(library, status), status)
    return [
        # All ones: the driver does not tell it (Windows).
        {"pid": row.pid, "memory": 0 if row.memory >> 63 else row.memory}
        for row in rows[: min(count.value, _HOLDERS)]
        if row.pid
    ]


def wear(library: ctypes.CDLL, handle: Any) -> dict[str, Any]:
    errors = ctypes.c_ulonglong()
    rows = [ctypes.c_uint() for _ in range(4)]
    retiring = ctypes.c_int()
    told(
        # uncorrected, volatile
        lambda lib, it: call(
            lib,
            "nvmlDeviceGetTotalEccErrors",
            it,
            ctypes.c_int(1),
            ctypes.c_int(0),
            ctypes.byref(errors),
        ),
        library,
        handle,
    )
    told(
        lambda lib, it: call(
            lib, "nvmlDeviceGetRemappedRows", it, *(ctypes.byref(r) for r in rows)
        ),
        library,
        handle,
    )
    told(
        lambda lib, it: call(
            lib, "nvmlDeviceGetRetiredPagesPendingStatus", it, ctypes.byref(retiring)
        ),
        library,
        handle,
    )
    return {
        "uncorrected": errors.value,
        "pending": rows[2].value == 1 or retiring.value == 1,
        "failed": rows[3].value == 1,
    }


def slowed(library: ctypes.CDLL, handle: Any) -> list[str]:
    reasons = ctypes.c_ulonglong()
    call(library, "nvmlDeviceGetCurrentClocksThrottleReasons", handle, ctypes.byref(reasons))
    return [name for bit, name in _SLOWED.items() if reasons.value & bit]


def text(library: ctypes.CDLL, name: str, size: int, *arguments: object) -> str:
    buffer = ctypes.create_string_buffer(size)
    call(library, name, *arguments, buffer, ctypes.c_uint(size))
    return buffer.value.decode("utf-8", "replace")


def call(library: ctypes.CDLL, name: str, *arguments: object) -> None:
    status = library[name](*arguments)
    if status != 0:
        raise NvmlError(words(library, status), status)


def words(library: ctypes.CDLL, status: int) -> str:
    function = library.nvmlErrorString
    function.restype = ctypes.c_char_p
    said = function(ctypes.c_int(status))
    return said.decode("utf-8", "replace") if said else f"error {status}"


def version() -> str:
    """Of the library that is loaded, from the name of its file; "" where the system does not show it."""
    try:
        maps = Path("/proc/self/maps").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    match = re.search(r"libnvidia-ml\.so\.(\d+\.\d[\d.]*)", maps)
    return match[1] if match else ""


def main(names: list[str]) -> None:
    library = load(names)
    if library is None:
        return
    answer: dict[str, Any] = {"library": version()}
    try:
        answer.update(look(library))
    except NvmlError as error:
        answer.update(error=str(error), status=error.status)
    except AttributeError as error:
        answer["error"] = f"the library is incomplete: {error}"
    print("\n" + json.dumps(answer), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
