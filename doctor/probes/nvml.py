"""NVIDIA's management library, asked over ctypes: no package and no torch is needed for it."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from qtune.doctor.facts import Gpu


class NvmlError(Exception):
    """NVML's own words."""


@dataclass(frozen=True)
class Answer:
    driver: str
    gpus: tuple[Gpu, ...]


class _Memory(ctypes.Structure):
    _fields_ = (
        ("total", ctypes.c_ulonglong),
        ("free", ctypes.c_ulonglong),
        ("used", ctypes.c_ulonglong),
    )


def load(names: tuple[str, ...]) -> ctypes.CDLL | None:
    """The first of these libraries that loads."""
    for name in names:
        with suppress(OSError):
            return ctypes.CDLL(name)
    return None


def ask(library: ctypes.CDLL) -> Answer:
    """Raises NvmlError, also where the library lacks a function."""
    try:
        with _session(library):
            return Answer(_text(library, "nvmlSystemGetDriverVersion", 80), _gpus(library))
    except AttributeError as error:
        raise NvmlError(f"the library is incomplete: {error}") from error


@contextmanager
def _session(library: ctypes.CDLL) -> Iterator[None]:
    _call(library, "nvmlInit_v2")
    try:
        yield
    finally:
        library.nvmlShutdown()


def _gpus(library: ctypes.CDLL) -> tuple[Gpu, ...]:
    count = ctypes.c_uint()
    _call(library, "nvmlDeviceGetCount_v2", ctypes.byref(count))
    return tuple(_gpu(library, index) for index in range(count.value))


def _gpu(library: ctypes.CDLL, index: int) -> Gpu:
    handle = ctypes.c_void_p()
    _call(library, "nvmlDeviceGetHandleByIndex_v2", ctypes.c_uint(index), ctypes.byref(handle))
    memory = _Memory()
    major, minor = ctypes.c_int(), ctypes.c_int()
    capability = ""
    with suppress(NvmlError):  # a card with unified memory does not tell
        _call(library, "nvmlDeviceGetMemoryInfo", handle, ctypes.byref(memory))
    with suppress(NvmlError):
        name = "nvmlDeviceGetCudaComputeCapability"
        _call(library, name, handle, ctypes.byref(major), ctypes.byref(minor))
        capability = f"{major.value}.{minor.value}"
    title = _text(library, "nvmlDeviceGetName", 96, handle)
    return Gpu(index, title, memory.total, memory.free, capability)


def _text(library: ctypes.CDLL, name: str, size: int, *arguments: object) -> str:
    buffer = ctypes.create_string_buffer(size)
    _call(library, name, *arguments, buffer, ctypes.c_uint(size))
    return buffer.value.decode("utf-8", "replace")


def _call(library: ctypes.CDLL, name: str, *arguments: object) -> None:
    status = library[name](*arguments)
    if status != 0:
        raise NvmlError(_words(library, status))


def _words(library: ctypes.CDLL, status: int) -> str:
    function = library.nvmlErrorString
    function.restype = ctypes.c_char_p
    words = function(ctypes.c_int(status))
    return words.decode("utf-8", "replace") if words else f"error {status}"
