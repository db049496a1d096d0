"""GPUs are told by NVML, by nvidia-smi, or by the bus; each from what such a machine really answers."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from qtune.doctor.facts import Accelerator, Gpu
from qtune.doctor.probes import accelerator
from tests.doctor.probes.looking import NOTHING, looking

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the recorded machines run Linux")

OPEN = (
    "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  570.86.10  Release Build  (root@b)\n"
)
CLOSED = (
    "NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.104.05  Sat Aug 19 01:15:15 UTC 2023\n"
)

NVML = r"""
#include <stdlib.h>
#include <string.h>
typedef struct { unsigned long long total, free, used; } memory_t;
static int status(void) { const char *s = getenv("FAKE_NVML"); return s ? atoi(s) : 0; }
int nvmlInit_v2(void) { return status(); }
int nvmlShutdown(void) { return 0; }
const char *nvmlErrorString(int code) {
  return code == 18 ? "Driver/library version mismatch" : code == 9 ? "Driver Not Loaded" : "?";
}
int nvmlSystemGetDriverVersion(char *out, unsigned n) { strncpy(out, "570.86.10", n); return 0; }
int nvmlDeviceGetCount_v2(unsigned *n) { *n = 2; return 0; }
int nvmlDeviceGetHandleByIndex_v2(unsigned i, void **h) { *h = (void *)(size_t)(i + 1); return 0; }
int nvmlDeviceGetName(void *h, char *out, unsigned n) {
  strncpy(out, (size_t)h == 1 ? "NVIDIA H100 80GB HBM3" : "NVIDIA GB10", n); return 0;
}
int nvmlDeviceGetMemoryInfo(void *h, memory_t *m) {
  if ((size_t)h == 2) return 3;
  m->total = 80ULL << 30; m->free = 79ULL << 30; m->used = 1ULL << 30; return 0;
}
int nvmlDeviceGetCudaComputeCapability(void *h, int *a, int *b) {
  *a = (size_t)h == 1 ? 9 : 12; *b = (size_t)h == 1 ? 0 : 1; return 0;
}
"""


def look(
    project: Path, root: Path, names: tuple[str, ...] = (), tools: Path | None = None
) -> Accelerator:
    """`tools` is all of PATH."""
    with looking(project, {"PATH": str(tools or project / "none")}) as context:
        return accelerator.probe(context, NOTHING, names, root).value


def machine(root: Path, *devices: tuple[str, str], driver: str = "") -> Path:
    """A root of the file system with these (vendor, class) on the PCI bus."""
    bus = root / "sys/bus/pci/devices"
    bus.mkdir(parents=True)
    for number, (vendor, kind) in enumerate(devices):
        device = bus / f"0000:0{number}:00.0"
        device.mkdir()
        (device / "vendor").write_text(vendor + "\n")
        (device / "class").write_text(kind + "\n")
    if driver:
        (root / "proc/driver/nvidia").mkdir(parents=True)
        (root / "proc/driver/nvidia/version").write_text(driver)
    return root


def tool(folder: Path, script: str) -> Path:
    folder.mkdir(exist_ok=True)
    program = folder / "nvidia-smi"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return folder


@pytest.fixture(scope="module")
def nvml(tmp_path_factory: pytest.TempPathFactory) -> str:
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler")
    folder = tmp_path_factory.mktemp("nvml")
    (folder / "nvml.c").write_text(NVML)
    library = folder / "libnvidia-ml.so.1"
    subprocess.run(
        [compiler, "-shared", "-fPIC", "-o", str(library), str(folder / "nvml.c")], check=True
    )
    return str(library)


def test_nvml_tells_every_gpu(nvml: str, tmp_path: Path) -> None:
    root = machine(tmp_path / "root", ("0x10de", "0x030200"), driver=OPEN)
    found = look(tmp_path, root, ("libnot-there.so", nvml))
    assert found.gpus == (
        Gpu(0, "NVIDIA H100 80GB HBM3", 80 << 30, 79 << 30, "9.0"),
        Gpu(1, "NVIDIA GB10", 0, 0, "12.1"),  # memory shared with the CPU is not told
    )
    assert (found.driver, found.pci, found.error, found.how) == ("570.86.10", True, "", "nvml")


@pytest.mark.parametrize(("code", "words"), [("18", "version mismatch"), ("9", "Not Loaded")])
def test_nvml_says_why_it_does_not_work(
    nvml: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str, words: str
) -> None:
    monkeypatch.setenv("FAKE_NVML", code)
    found = look(tmp_path, machine(tmp_path / "root", driver=CLOSED), (nvml,))
    assert words in found.error
    assert (found.gpus, found.driver, found.how) == ((), "535.104.05", "nvml")


def test_a_library_that_is_not_nvml_is_told_as_such(tmp_path: Path) -> None:
    found = look(tmp_path, machine(tmp_path / "root"), ("libc.so.6",))
    assert "incomplete" in found.error


def test_nvidia_smi_where_there_is_no_library(tmp_path: Path) -> None:
    tools = tool(
        tmp_path / "tools",
        'test "$2" = "--format=csv,noheader,nounits" || exit 2\n'
        'echo "0, NVIDIA GeForce RTX 4090, 24564, 23028, 8.9, 550.54.15"\n'
        'echo "1, NVIDIA GB10, [N/A], [N/A], 12.1, 550.54.15"',
    )
    project = tmp_path / "project"
    project.mkdir()
    found = look(project, machine(tmp_path / "root"), tools=tools)
    assert found.gpus == (
        Gpu(0, "NVIDIA GeForce RTX 4090", 24564 << 20, 23028 << 20, "8.9"),
        Gpu(1, "NVIDIA GB10", 0, 0, "12.1"),
    )
    assert (found.driver, found.how, found.error) == ("550.54.15", "nvidia-smi", "")


@pytest.mark.parametrize(
    ("script", "words"),
    [
        (
            "echo 'NVIDIA-SMI has failed because it could not communicate with the NVIDIA driver.'\n"
            "exit 9",
            "could not communicate with the NVIDIA driver",
        ),
        ("exit 6", "status 6"),
        ("echo 'Field \"compute_cap\" is not a valid field to query.'", "makes no sense"),
        ("head -c 100000 /dev/zero", "makes no sense"),
        ("exec sleep 30", "no answer within"),
    ],
    ids=["driver", "status", "old", "zeros", "hangs"],
)
def test_nvidia_smi_that_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, words: str
) -> None:
    monkeypatch.setattr(accelerator, "_SMI_SECONDS", 0.7)
    project = tmp_path / "project"
    project.mkdir()
    tools = tool(tmp_path / "tools", f"PATH=/usr/bin:/bin\n{script}")
    started = time.monotonic()
    found = look(project, machine(tmp_path / "root"), tools=tools)
    assert found.gpus == ()
    assert words in found.error
    assert time.monotonic() - started < 3


def test_nvidia_smi_of_the_project_is_not_run(tmp_path: Path) -> None:
    tools = tool(tmp_path / "project", f"touch {tmp_path}/was-run")
    found = look(tools, machine(tmp_path / "root"), tools=tools)
    assert found.how == "none"
    assert not (tmp_path / "was-run").exists()


def test_nvidia_smi_of_wsl_is_found_where_windows_puts_it(tmp_path: Path) -> None:
    root = tmp_path / "root"
    (root / "usr/lib/wsl").mkdir(parents=True)
    tool(root / "usr/lib/wsl/lib", 'echo "0, NVIDIA GeForce RTX 3060, 12288, 11000, 8.6, 551.23"')
    project = tmp_path / "project"
    project.mkdir()
    found = look(project, root)
    assert found.gpus[0].memory_total == 12288 << 20
    assert found.pci is None  # WSL hides the bus


@pytest.mark.parametrize(
    ("devices", "pci"),
    [
        ([("0x8086", "0x060000"), ("0x10de", "0x030000"), ("0x10de", "0x040300")], True),
        ([("0x10de", "0x030200")], True),
        ([("0x10de", "0x040300")], False),  # the sound of a card that is passed on elsewhere
        ([("0x1002", "0x030000")], False),
        ([], None),
    ],
)
def test_what_is_on_the_bus(
    tmp_path: Path, devices: list[tuple[str, str]], pci: bool | None
) -> None:
    found = look(tmp_path, machine(tmp_path / "root", *devices))
    assert found == Accelerator((), "", pci, "", "none")


def test_a_bus_that_cannot_be_seen_is_not_an_empty_one(tmp_path: Path) -> None:
    assert accelerator.on_the_bus(tmp_path) is None
    root = machine(tmp_path / "wsl", ("0x1414", "0x030200"))
    (root / "dev").mkdir()
    (root / "dev/dxg").write_text("")
    assert accelerator.on_the_bus(root) is None


@pytest.mark.parametrize(("text", "version"), [(OPEN, "570.86.10"), (CLOSED, "535.104.05")])
def test_the_kernels_driver(tmp_path: Path, text: str, version: str) -> None:
    assert accelerator.kernel_driver(machine(tmp_path, driver=text)) == version
    assert accelerator.kernel_driver(tmp_path / "elsewhere") == ""


def test_this_machine_can_be_looked_at(tmp_path: Path) -> None:
    with looking(tmp_path) as context:
        found = accelerator.probe(context, NOTHING).value
    assert found.gpus == () or found.driver
