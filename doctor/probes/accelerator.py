"""What the system says of NVIDIA GPUs: NVML, else nvidia-smi, else the bus and the kernel's driver."""

from __future__ import annotations

import csv
import os
import re
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Literal

from qtune.core.export import child_environment
from qtune.core.secret import redact
from qtune.doctor.context import Context
from qtune.doctor.facts import Accelerator, Facts, Gpu, Holder, Known, Wear
from qtune.doctor.probes import nvml, surroundings
from qtune.doctor.probes.program import find, run
from qtune.doctor.probes.surroundings import WSL_LIBRARIES

_SMI_SECONDS = 4.0
# The second is asked where the program is too old for the first.
_QUERIES = (
    (
        "index", "name", "memory.total", "memory.free", "compute_cap", "driver_version", "uuid",
        "compute_mode", "mig.mode.current", "ecc.errors.uncorrected.volatile.total",
    ),
    ("index", "name", "memory.total", "memory.free", "driver_version"),
)  # fmt: skip
_NO_FIELD = "not a valid field"
_LARGEST = 1 << 30  # MiB
_MOST = 128
_LONGEST = 1 << 16
_MODES: dict[str, Literal["default", "prohibited", "exclusive"]] = {
    "Default": "default",
    "Prohibited": "prohibited",
    "Exclusive_Process": "exclusive",
}
_TOKENS = ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "MODELSCOPE_API_TOKEN")


def libraries() -> tuple[str, ...]:
    """Where NVML may lie, by the system's own search and then by its usual place."""
    if os.name == "nt":
        windows = Path(os.environ.get("SYSTEMROOT", r"C:\Windows"))
        return (str(windows / "System32" / "nvml.dll"),)
    return "libnvidia-ml.so.1", f"/{WSL_LIBRARIES}/libnvidia-ml.so.1"


def probe(
    context: Context,
    seen: Facts,
    names: tuple[str, ...] | None = None,
    root: Path = Path("/"),
) -> Known[Accelerator]:
    training = child_environment(context.settings, context.environ)
    found = replace(
        _asked(context, libraries() if names is None else names, root),
        pci=on_the_bus(root),
        visible=training.get("CUDA_VISIBLE_DEVICES"),
        around=surroundings.look(context.environ, root),
    )
    if not found.around.container:  # in one, the numbers of processes are those of the host
        gpus = tuple(
            replace(gpu, holders=tuple(_named(holder, root) for holder in gpu.holders))
            for gpu in found.gpus
        )
        found = replace(found, gpus=gpus)
    return Known(found)


def _asked(context: Context, names: tuple[str, ...], root: Path) -> Accelerator:
    driver = kernel_driver(root)
    environ = {k: v for k, v in context.environ.items() if k not in _TOKENS}
    if nvml.loads(names):
        told = nvml.ask(names, environ)
        return Accelerator(
            told.gpus,
            told.driver or driver,
            error=told.error,
            how="nvml",
            status=told.status,
            library=told.library,
            lost=told.lost,
        )
    answer = smi(environ, context.root, root)
    if answer is None:
        return Accelerator((), driver)
    gpus, version, error = answer
    return Accelerator(gpus, version or driver, error=error, how="nvidia-smi")


def _named(holder: Holder, root: Path) -> Holder:
    """Whose it is, and for the user's own what it is called."""
    folder = root / "proc" / str(holder.pid)
    try:
        if not hasattr(os, "getuid") or folder.stat().st_uid != os.getuid():
            return holder
    except OSError:
        return holder
    return replace(holder, own=True, name=redact(_read(folder / "comm"))[:40])


def smi(
    environ: Mapping[str, str], project: Path, root: Path
) -> tuple[tuple[Gpu, ...], str, str] | None:
    """(GPUs, driver, error) as nvidia-smi tells them; None where there is no such program."""
    places = (environ.get("PATH", ""), str(root / WSL_LIBRARIES))
    program = find("nvidia-smi", {"PATH": os.pathsep.join(filter(None, places))}, project)
    if program is None:
        return None
    end = time.monotonic() + _SMI_SECONDS
    for fields in _QUERIES:
        argv = [program, f"--query-gpu={','.join(fields)}", "--format=csv,noheader,nounits"]
        done = run(argv, environ, max(end - time.monotonic(), 0.1))
        if _NO_FIELD not in done.out + done.err:
            break
    if done.status is None:
        late = "TimeoutExpired" in done.err
        said = f"nvidia-smi gave no answer within {_SMI_SECONDS:.0f} s" if late else done.err
        return (), "", redact(said)
    if done.status != 0:
        words = " ".join(_plain(done.out + done.err).split())
        return (), "", redact(words[:300] or f"nvidia-smi ended with status {done.status}")
    rows = [dict(zip(fields, row, strict=False)) for row in _rows(done.out)]
    read = [gpu for row in rows if (gpu := _gpu(row)) is not None]
    told = [row.get("driver_version", "") for row in rows]
    versions = [version for version in told if re.fullmatch(r"\d+(\.\d+)+", version)]
    words = "" if read or not done.out.strip() else "nvidia-smi gave an answer that makes no sense"
    return tuple(read[:_MOST]), (versions or [""])[0], words


def _rows(out: str) -> list[list[str]]:
    try:
        rows = list(csv.reader(_plain(out[:_LONGEST]).splitlines(), skipinitialspace=True))
    except csv.Error:  # a field beyond every measure
        return []
    return [[cell.strip() for cell in row] for row in rows if row]


def _plain(text: str) -> str:
    return "".join(c if c.isprintable() or c == "\n" else " " for c in text[:_LONGEST])


def _gpu(row: Mapping[str, str]) -> Gpu | None:
    index = row.get("index", "")
    if not re.fullmatch(r"[0-9]{1,3}", index) or "memory.free" not in row:
        return None
    capability = row.get("compute_cap", "")
    errors = row.get("ecc.errors.uncorrected.volatile.total", "")
    return Gpu(
        int(index),
        redact(row["name"])[:100],
        _mebibytes(row["memory.total"]),
        _mebibytes(row["memory.free"]),
        capability if re.fullmatch(r"[0-9]{1,2}\.[0-9]", capability) else "",
        row.get("uuid", "")[:12] if row.get("uuid", "").startswith("GPU-") else "",
        _MODES.get(row.get("compute_mode", ""), ""),
        row.get("mig.mode.current") == "Enabled",
        wear=Wear(int(errors) if re.fullmatch(r"[0-9]{1,9}", errors) else 0),
    )


def _mebibytes(text: str) -> int:
    """0 for `[N/A]`, which nvidia-smi says of memory shared with the CPU."""
    known = re.fullmatch(r"[0-9]{1,10}", text)
    return int(text) << 20 if known and int(text) < _LARGEST else 0


def on_the_bus(root: Path) -> bool | None:
    """Is an NVIDIA GPU on the PCI bus? None where the bus cannot be seen: macOS, Windows, WSL."""
    devices = root / "sys/bus/pci/devices"
    try:
        listed = sorted(devices.iterdir())
    except OSError:
        return None
    if any(_read(device / "vendor") == "0x10de" and _displays(device) for device in listed):
        return True
    return False if listed and not (root / "dev/dxg").exists() else None


def _displays(device: Path) -> bool:
    """A GPU is of class 03; the sound output of the same card is not."""
    return _read(device / "class").startswith("0x03")


def kernel_driver(root: Path) -> str:
    """The version of the kernel's driver, "" where none is loaded."""
    text = _read(root / "proc/driver/nvidia/version")
    match = re.search(r"Kernel Module(?: for \S+)?\s+(\d[\d.]*)", text)
    return match[1] if match else ""


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""
