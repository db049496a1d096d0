"""What the system says of NVIDIA GPUs: NVML, else nvidia-smi, else the bus and the kernel's driver."""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Mapping
from pathlib import Path

from qtune.core.secret import redact
from qtune.doctor.context import Context
from qtune.doctor.facts import Accelerator, Facts, Gpu, Known
from qtune.doctor.probes import nvml
from qtune.doctor.probes.program import find, run

WSL_LIBRARIES = "usr/lib/wsl/lib"
_SMI_SECONDS = 4.0
_QUERY = ("index", "name", "memory.total", "memory.free", "compute_cap", "driver_version")


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
    pci, driver = on_the_bus(root), kernel_driver(root)
    library = nvml.load(libraries() if names is None else names)
    if library is not None:
        try:
            answer = nvml.ask(library)
        except nvml.NvmlError as error:
            return Known(Accelerator((), driver, pci, redact(str(error)), "nvml"))
        return Known(Accelerator(answer.gpus, answer.driver or driver, pci, "", "nvml"))
    told = smi(context.environ, context.root, root)
    if told is None:
        return Known(Accelerator((), driver, pci, "", "none"))
    gpus, version, error_text = told
    return Known(Accelerator(gpus, version or driver, pci, error_text, "nvidia-smi"))


def smi(
    environ: Mapping[str, str], project: Path, root: Path
) -> tuple[tuple[Gpu, ...], str, str] | None:
    """(GPUs, driver, error) as nvidia-smi tells them; None where there is no such program."""
    places = (environ.get("PATH", ""), str(root / WSL_LIBRARIES))
    program = find("nvidia-smi", {"PATH": os.pathsep.join(filter(None, places))}, project)
    if program is None:
        return None
    argv = [program, f"--query-gpu={','.join(_QUERY)}", "--format=csv,noheader,nounits"]
    done = run(argv, environ, _SMI_SECONDS)
    if done.status is None:
        late = "TimeoutExpired" in done.err
        said = f"nvidia-smi gave no answer within {_SMI_SECONDS:.0f} s" if late else done.err
        return (), "", redact(said)
    if done.status != 0:
        words = " ".join((done.out + done.err).split())
        return (), "", redact(words[:300] or f"nvidia-smi ended with status {done.status}")
    rows = [row for row in csv.reader(done.out.splitlines(), skipinitialspace=True) if row]
    read = [gpu for row in rows if (gpu := _gpu(row)) is not None]
    driver = rows[0][5].strip() if rows and len(rows[0]) > 5 else ""
    words = "" if read or not rows else "nvidia-smi gave an answer that makes no sense"
    return tuple(read), driver, words


def _gpu(row: list[str]) -> Gpu | None:
    if len(row) < len(_QUERY) or not row[0].strip().isdecimal():
        return None
    index, name, total, free, capability = (cell.strip() for cell in row[:5])
    if not re.fullmatch(r"\d+\.\d+", capability):
        capability = ""
    return Gpu(int(index), name, _mebibytes(total), _mebibytes(free), capability)


def _mebibytes(text: str) -> int:
    """0 for `[N/A]`, which nvidia-smi says of memory shared with the CPU."""
    return int(text) << 20 if text.isdecimal() else 0


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
