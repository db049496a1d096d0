"""Where the GPU's users run: a container, WSL, or the machine itself; other makers' accelerators; the
kernel's own words about faults. Files are read, nothing is run."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Literal

from qtune.core.secret import redact
from qtune.doctor.facts import Surroundings

WSL_LIBRARIES = "usr/lib/wsl/lib"
_WINDOWS = "mnt/c/Windows/System32"
_LINUX_LIBRARIES = ("usr/lib/x86_64-linux-gnu", "usr/lib/aarch64-linux-gnu", "usr/lib64", "usr/lib")
# Device files of accelerators that need a torch of their maker's.
_OTHERS = (
    ("davinci[0-9]*", "Ascend NPU"),
    ("cambricon_dev[0-9]*", "Cambricon MLU"),
    ("mtgpu.[0-9]*", "Moore Threads GPU"),
)
# Faults of the card, not of a program: NVIDIA's list of Xids. 48, 63, 64, 92, 94, 95: memory; 74: NVLink;
# 79: off the bus; 119, 120: its own firmware.
_XIDS = frozenset({48, 63, 64, 74, 79, 92, 94, 95, 119, 120})
_XID = re.compile(r"NVRM: Xid \((?:PCI:)?([0-9a-fA-F:.]+)[^)]*\): (\d+)(?:,|\b)(.*)")
_RECORDS = 20_000


def look(environ: Mapping[str, str], root: Path) -> Surroundings:
    wsl = _wsl(root)
    return Surroundings(
        container=container(environ, root),
        nodes=any(_matching(root / "dev", "nvidia[0-9]*")) if (root / "proc").is_dir() else None,
        passed=_plain(environ.get("NVIDIA_VISIBLE_DEVICES", ""))[:100],
        wsl=wsl,
        windows_driver=bool(wsl) and (root / _WINDOWS / "nvidia-smi.exe").exists(),
        wsl_library=bool(wsl) and (root / WSL_LIBRARIES / "libcuda.so.1").exists(),
        linux_library=_linux_library(root) if wsl else "",
        amd=_amd(root),
        others=tuple(name for pattern, name in _OTHERS if any(_matching(root / "dev", pattern))),
        xids=xids(root / "dev/kmsg"),
    )


def container(environ: Mapping[str, str], root: Path) -> str:
    """What kind of container this is; "" for none."""
    if environ.get("APPTAINER_CONTAINER") or environ.get("SINGULARITY_CONTAINER"):
        return "apptainer"
    if environ.get("KUBERNETES_SERVICE_HOST"):
        return "kubernetes"
    if (root / "run/.containerenv").exists():
        return "podman"
    if (root / ".dockerenv").exists():
        return "docker"
    groups = _read(root / "proc/1/cgroup")
    for word, name in (("kubepods", "kubernetes"), ("docker", "docker"), ("lxc", "lxc")):
        if word in groups:
            return name
    return ""


def _wsl(root: Path) -> int:
    kernel = _read(root / "proc/version")
    if "microsoft" not in kernel.lower():
        return 0
    return 2 if (root / "dev/dxg").exists() or "WSL2" in kernel else 1


def _linux_library(root: Path) -> str:
    """A libcuda that came with a Linux driver; those of WSL are links into its own folder."""
    for folder in _LINUX_LIBRARIES:
        for path in _matching(root / folder, "libcuda.so.[0-9][0-9]*"):
            if not path.is_symlink():
                return f"/{path.relative_to(root)}"
    return ""


def _amd(root: Path) -> Literal["", "ready", "forbidden", "absent"]:
    """An AMD GPU with its compute driver: some node of /sys/class/kfd has SIMD units."""
    nodes = root / "sys/class/kfd/kfd/topology/nodes"
    if not any(
        re.search(r"^simd_count [1-9]", _read(n / "properties"), re.M) for n in _matching(nodes)
    ):
        return ""
    device = root / "dev/kfd"
    if not device.exists():
        return "absent"
    return "ready" if os.access(device, os.R_OK | os.W_OK) else "forbidden"


def xids(log: Path) -> tuple[str, ...]:
    """Faults of NVIDIA cards since the machine was started, each kind once; none where the log is closed to
    this user. Every read of /dev/kmsg gives one record, and fails when there are no more."""
    found: dict[str, None] = {}
    with suppress(OSError):
        handle = os.open(log, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        try:
            for _ in range(_RECORDS):
                record = os.read(handle, 8192).decode("utf-8", "replace")
                if not record:
                    break
                for match in _XID.finditer(record):
                    if int(match[2]) in _XIDS:
                        said = _plain(match[3])[:120]
                        found[f"Xid {match[2]} ({match[1]}): {said}"] = None
        finally:
            os.close(handle)
    return tuple(found)[:8]


def _plain(text: str) -> str:
    return redact("".join(c for c in text if c.isprintable()).strip())


def _matching(folder: Path, pattern: str = "*") -> Iterator[Path]:
    with suppress(OSError):
        yield from sorted(folder.glob(pattern))


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(1 << 16).decode("utf-8", "replace").strip()
    except OSError:
        return ""
