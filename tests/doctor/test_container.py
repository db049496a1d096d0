"""In a container whose limits are ample nothing is said; the same container with too small a limit is told.

The system's files lie below a folder that stands for its root, as docker, podman and Kubernetes lay them out; the
hubs, the settings and the disk are real. tests/e2e/test_container.py goes into a real root of its own.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import pytest

from qtune.doctor import checks
from qtune.doctor.facts import known
from qtune.doctor.outcome import Report
from qtune.doctor.probes import accelerator, disk, resources, torch
from qtune.doctor.probes.mounts import mounts
from tests.doctor.examining import Machine, at_home, codes, only

pytestmark = pytest.mark.skipif(os.name == "nt", reason="containers run Linux")

GIB = 1 << 30
CPU_WHEEL = {"version": "2.13.0+cpu", "available": False, "devices": []}
OVERLAY = "overlay / overlay rw,relatime,lowerdir=/l/A:/l/B,upperdir=/u/diff,workdir=/u/work 0 0\n"
SHM = "shm /dev/shm tmpfs rw,nosuid,nodev,noexec,relatime,size=65536k,inode64 0 0\n"
MOUNTS = (
    OVERLAY + "proc /proc proc rw 0 0\ntmpfs /dev tmpfs rw,size=65536k,mode=755 0 0\n" + SHM
    + "cgroup /sys/fs/cgroup cgroup2 ro,nosuid,nodev,noexec 0 0\n"
    + "/dev/vda1 /etc/hostname ext4 rw 0 0\n"
)  # fmt: skip
COMMON = {
    "proc/meminfo": "MemTotal: 131841024 kB\nMemFree: 1 kB\nMemAvailable: 120000000 kB\n",
    "proc/self/mounts": MOUNTS,
    "proc/version": "Linux version 6.8.0-45-generic (buildd@lcy02) #45-Ubuntu SMP\n",
    "etc/hostname": "4f1c2a9be07d\n",
}
V2 = {"proc/self/cgroup": "0::/\n", "proc/1/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "400000 100000\n"}  # fmt: skip
V1 = {
    "proc/self/cgroup": "4:memory:/docker/4f1c\n3:cpu,cpuacct:/docker/4f1c\n0::/\n",
    "proc/1/cgroup": "4:memory:/docker/4f1c\n",
    "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "400000\n",
    "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
}
POD = "0::/kubepods.slice/kubepods-pod1.slice/cri-containerd-4f1c.scope\n"
# name -> its files, and the one that holds the limit of its memory
KINDS: Mapping[str, tuple[Mapping[str, str], str]] = {
    "docker": ({**COMMON, **V2, ".dockerenv": ""}, "sys/fs/cgroup/memory.max"),
    "docker-cgroup1": ({**COMMON, **V1}, "sys/fs/cgroup/memory/memory.limit_in_bytes"),
    "podman": ({**COMMON, **V2, "run/.containerenv": ""}, "sys/fs/cgroup/memory.max"),
    "kubernetes": (
        {**COMMON, **V2, "proc/self/cgroup": POD, "proc/1/cgroup": POD},
        "sys/fs/cgroup/memory.max",
    ),
}


@dataclass
class Container:
    """`root` stands for its file system's root, in which `write` lays files."""

    way: Machine
    root: Path

    def write(self, files: Mapping[str, str]) -> None:
        for name, text in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    def run(self, kind: str, memory: int, **more: str) -> None:
        files, limit = KINDS[kind]
        self.write({**files, limit: f"{memory}\n", **more})

    def download(self) -> Report:
        return self.way.examine(kind="download", skip=("packages",), speed=True)

    def train(self) -> Report:
        """On the CPU, which the user asked for."""
        return self.way.examine(kind="train", skip=("packages",), QTUNE_DEVICE="cpu")


@pytest.fixture
def container(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Container]:
    root, project = tmp_path / "root", tmp_path / "project"
    project.mkdir()
    (tmp_path / "child.py").write_text(f"print({json.dumps(CPU_WHEEL)!r})")
    looks: dict[str, Callable[..., object]] = {
        "accelerator": partial(accelerator.probe, names=(), root=root),
        "torch": partial(torch.probe, child=tmp_path / "child.py"),
        "resources": partial(resources.probe, root=root),
        "disk": partial(disk.probe, table=lambda: mounts(root)),
    }
    for name, look in looks.items():
        monkeypatch.setitem(
            checks.FAMILIES, name, replace(checks.FAMILIES[name], look=look)  # type: ignore[arg-type]
        )  # fmt: skip
    monkeypatch.setattr(torch, "installed", lambda: True)
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    with at_home(project) as machine:
        machine.env("USE_MODELSCOPE=False", "QTUNE_FALLBACK=False")
        yield Container(machine, root)


def made(report: Report, *names: str) -> None:
    states = {check.check: check.state for check in report.checks}
    assert {states[name] for name in names} == {"ok"}, states


@pytest.mark.spares("GPU500", "GPU513", "MEM951", "DSK600")
@pytest.mark.parametrize("kind", KINDS)
def test_with_ample_limits_there_is_nothing_to_say(container: Container, kind: str) -> None:
    container.run(kind, 64 * GIB)
    report = container.download()
    assert (codes(report), report.recommended) == ([], ())
    made(report, "disk", "gate.huggingface", "speed.huggingface")
    report = container.train()
    assert codes(report) == []
    made(report, "disk", "resources", "accelerator", "torch")
    memory, cards = known(report.facts.resources), known(report.facts.accelerator)
    assert memory is not None and memory.memory_limit == 64 * GIB
    assert cards is not None and cards.around.container == kind.partition("-")[0]
    place = known(report.facts.disk)
    assert place is not None and place.cache.volume.kind == "overlay"


@pytest.mark.triggers("MEM951")
@pytest.mark.parametrize("kind", KINDS)
def test_too_small_a_limit_is_told_of_a_training_and_not_of_a_download(
    container: Container, kind: str
) -> None:
    """The machine has 128 GiB, of which the container may have four."""
    container.run(kind, 4 * GIB)
    report = container.train()
    assert codes(report) == ["MEM951"]
    finding = only(report, "MEM951")
    assert "4.0 GiB" in finding.message.en + " ".join(line.en for line in finding.evidence)
    assert codes(container.download()) == []
