"""From what drivers, torch and a model's own files say to the finding: replayed where the hardware is not here."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import pytest

from qtune.doctor import checks
from qtune.doctor.outcome import Report
from qtune.doctor.probes import accelerator, torch
from tests.doctor.examining import Machine, at_home, codes, only
from tests.hub import worlds

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the recorded machines run Linux")

CUDA = {"version": "2.13.0", "cuda": "12.8", "available": True, "devices": ["RTX"], "bf16": True}
CPU_WHEEL = {"version": "2.13.0+cpu", "available": False, "devices": []}
SMI = "0, NVIDIA GeForce RTX 4090, 24564, {free}, 8.9, 570.86.10"
NO_DRIVER = (
    "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver. Make sure that the "
    "latest NVIDIA driver is installed and running."
)


@dataclass
class Workstation:
    """`smi` is what nvidia-smi prints, `torch` what torch tells, `cards` how many hang on the PCI bus."""

    way: Machine
    tools: Path
    replay: Callable[[str, int, dict[str, object], int], None]

    def train(
        self,
        smi: str = "",
        status: int = 0,
        *,
        torch: dict[str, object] = CPU_WHEEL,
        cards: int = 0,
        model: str = worlds.QWEN,
    ) -> Report:
        self.replay(smi, status, torch, cards)
        path = f"{self.tools}{os.pathsep}{os.environ['PATH']}"
        return self.way.examine(model, kind="train", skip=("packages",), PATH=path)


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workstation]:
    bus = tmp_path / "root/sys/bus/pci/devices"
    bus.mkdir(parents=True)
    (tmp_path / "bin").mkdir()

    def replay(smi: str, status: int, told: dict[str, object], cards: int) -> None:
        program = tmp_path / "bin/nvidia-smi"
        program.unlink(missing_ok=True)
        if smi:
            program.write_text(f"#!/bin/sh\ncat <<'END'\n{smi}\nEND\nexit {status}\n")
            program.chmod(0o755)
        for number in range(cards):
            device = bus / f"0000:0{number}:00.0"
            device.mkdir(exist_ok=True)
            (device / "vendor").write_text("0x10de\n")
            (device / "class").write_text("0x030000\n")
        (tmp_path / "child.py").write_text(f"print({json.dumps(told)!r})")

    looks: dict[str, checks.Look] = {
        "accelerator": partial(accelerator.probe, names=(), root=tmp_path / "root"),
        "torch": partial(torch.probe, child=tmp_path / "child.py"),
    }
    for name, look in looks.items():
        monkeypatch.setitem(checks.FAMILIES, name, replace(checks.FAMILIES[name], look=look))
    monkeypatch.setattr(torch, "installed", lambda: True)
    project = tmp_path / "project"
    project.mkdir()
    with at_home(project) as machine:
        machine.env("USE_MODELSCOPE=False", "QTUNE_FALLBACK=False")
        yield Workstation(machine, tmp_path / "bin", replay)


def free(mebibytes: int) -> str:
    return SMI.format(free=mebibytes)


@pytest.mark.spares("GPU500", "GPU501", "GPU504", "MEM950")
def test_a_card_with_its_driver_and_the_right_torch_has_no_finding(desk: Workstation) -> None:
    assert codes(desk.train(free(24000), torch=CUDA, cards=1)) == []


@pytest.mark.triggers("GPU500")
@pytest.mark.spares("GPU501", "GPU504")
def test_a_machine_without_a_card_is_gpu500_alone(desk: Workstation) -> None:
    # The other tests of the moment take memory, and then training on the CPU may not fit (MEM951).
    assert set(codes(desk.train())) - {"MEM951"} == {"GPU500"}


@pytest.mark.triggers("GPU501")
@pytest.mark.spares("GPU500")
def test_a_driver_that_does_not_answer_is_gpu501(desk: Workstation) -> None:
    report = desk.train(NO_DRIVER, 9, cards=1)
    assert codes(report)[0] == "GPU501"
    assert "GPU500" not in codes(report)
    assert any("couldn't communicate" in line.en for line in only(report, "GPU501").evidence)


@pytest.mark.triggers("GPU504")
@pytest.mark.spares("GPU500", "GPU501")
def test_a_torch_for_the_cpu_beside_a_card_is_gpu504(desk: Workstation) -> None:
    report = desk.train(free(24000), cards=1)
    assert codes(report) == ["GPU504"]
    assert "RTX 4090" in report.findings[0].message.en


@pytest.mark.spares("GPU500", "GPU501", "GPU504", "MEM950")
def test_a_download_needs_no_card(desk: Workstation) -> None:
    desk.replay(NO_DRIVER, 9, CPU_WHEEL, 1)
    assert codes(desk.way.examine(kind="download", skip=("packages",))) == []


@pytest.mark.triggers("MEM950")
def test_a_model_that_the_free_memory_cannot_hold_is_mem950(desk: Workstation) -> None:
    """Qwen3-4B's config.json as the hub serves it, on a card of which somebody else has the most."""
    report = desk.train(free(6000), torch=CUDA, cards=1)
    assert codes(report) == ["GPU508", "MEM950"]
    assert any("weights" in line.en for line in only(report, "MEM950").evidence)
