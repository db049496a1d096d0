"""Cases 23 to 25: the GPU is there, and torch does not use it; driver and torch answer as in the threads."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.doctor.examining import codes, only
from tests.doctor.gpus import Machine, card, device

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the recorded machines run Linux")

CU126 = ["sm_50", "sm_60", "sm_70", "sm_75", "sm_80", "sm_86", "sm_90"]
NO_KERNEL = (
    "CUDA error: no kernel image is available for execution on the device\n"
    "CUDA kernel errors might be asynchronously reported at some other API call"
)


@pytest.mark.triggers("GPU504")
@pytest.mark.parametrize(
    ("title", "capability", "version", "wheel"),
    [
        ("NVIDIA GB10", "12.1", "2.9.0+cpu", "cu130"),  # DGX Spark
        ("NVIDIA GeForce RTX 3060", "8.6", "2.10.0", "cu130"),  # overwritten by another package
        ("Tesla V100-SXM2-16GB", "7.0", "2.10.0+cpu", "cu126"),
    ],
)
def test_case_23_nvidia_smi_lists_the_gpu_and_torch_was_built_without_cuda(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    title: str,
    capability: str,
    version: str,
    wheel: str,
) -> None:
    one = card(title, capability=capability)
    machine = Machine(tmp_path, cards=(one,), torch={"version": version}).on_the_bus("580.95.05")
    report = machine.examine(monkeypatch)
    assert codes(report) == ["GPU504"]
    finding = only(report, "GPU504")
    assert title in finding.message.en and f"torch {version}" in finding.message.en
    assert finding.fix is not None and finding.fix.command.endswith(f"/whl/{wheel}")


@pytest.mark.triggers("GPU503")
def test_case_24_is_available_is_false_without_a_word_as_the_driver_is_old(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = Machine(tmp_path, {"driver": "470.256.02"}, (card(),), {"cuda": "12.8"})
    report = machine.on_the_bus("470.256.02").examine(monkeypatch)
    assert codes(report) == ["GPU503"]
    message = only(report, "GPU503").message.en
    assert "CUDA 12.8" in message and "525" in message and "470.256.02" in message


@pytest.mark.triggers("GPU516")
def test_case_24_is_available_is_true_and_nothing_can_be_computed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The list of architectures fits; only a real computation tells."""
    torch = {
        "cuda": "12.6", "archs": CU126, "gpus": [device()],
        "compute": "cuBLAS error: CUBLAS_STATUS_EXECUTION_FAILED",
    }  # fmt: skip
    report = Machine(tmp_path, cards=(card(),), torch=torch).examine(monkeypatch)
    assert codes(report) == ["GPU516"]


@pytest.mark.triggers("GPU505")
@pytest.mark.spares("GPU516", "GPU503", "GPU504")
@pytest.mark.parametrize("title", ["NVIDIA GeForce RTX 5070 Ti", "NVIDIA GeForce RTX 5090"])
@pytest.mark.parametrize(("driver", "wheel"), [("572.16", "cu128"), ("581.80", "cu130")])
def test_case_25_an_rtx_50_and_a_wheel_that_ends_at_sm_90(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, title: str, driver: str, wheel: str
) -> None:
    torch = {
        "cuda": "12.6", "archs": CU126, "gpus": [device(title, "12.0")], "compute": NO_KERNEL
    }  # fmt: skip
    one = card(title, capability="12.0")
    report = Machine(tmp_path, {"driver": driver}, (one,), torch).examine(monkeypatch)
    assert codes(report) == ["GPU505"]
    finding = only(report, "GPU505")
    assert "compute capability 12.0" in finding.message.en
    assert finding.fix is not None and finding.fix.command.endswith(f"/whl/{wheel}")
