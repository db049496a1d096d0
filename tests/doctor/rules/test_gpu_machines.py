"""GPU codes on whole machines: recorded answers of drivers and torch, through the probes and the examination."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import pytest

from qtune.doctor.finding import Applicability, Severity
from qtune.doctor.outcome import Report
from tests.doctor.examining import codes, only
from tests.doctor.gpus import Machine, card, device
from tests.doctor.rules.roads import told

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the recorded machines run Linux")

CUDA13 = {"cuda": "13.0", "archs": ["sm_75", "sm_80", "sm_86", "sm_90", "sm_100", "sm_120"]}
WELL = {**CUDA13, "gpus": [device()]}
OTHER = "GPU-99999999-2222-3333-4444-555555555555"
Patch = pytest.MonkeyPatch


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """An RTX 4090 with driver 580 and a torch that uses it."""
    return Machine(tmp_path, cards=(card(),), torch=WELL).on_the_bus("580.95.05")


def examined(machine: Machine, monkeypatch: Patch) -> Report:
    report = machine.examine(monkeypatch)
    assert not [check for check in report.checks if check.state == "crashed"], report.checks
    return report


@pytest.mark.spares("GPU500", "GPU501", "GPU502", "GPU503", "GPU504", "GPU505", "GPU506", "GPU507")
@pytest.mark.spares("GPU508", "GPU509", "GPU510", "GPU511", "GPU513", "GPU514", "GPU515", "GPU516")
def test_a_healthy_gpu_is_nothing_to_tell(machine: Machine, monkeypatch: Patch) -> None:
    assert codes(examined(machine, monkeypatch)) == []
    assert machine.tried == "cuda bfloat16\n" * 2  # the step was computed, in the very format


def test_a_download_is_told_nothing_of_gpus(machine: Machine, monkeypatch: Patch) -> None:
    machine.goal, machine.nvml, machine.torch = "download", {"init": 18}, {"cuda": "13.0"}
    assert codes(examined(machine, monkeypatch)) == []


def test_the_device_and_the_format_that_are_set_are_the_ones_tried(
    machine: Machine, monkeypatch: Patch
) -> None:
    machine.env = "QTUNE_DTYPE=float16\n"
    assert codes(examined(machine, monkeypatch)) == []
    assert machine.tried == "cuda float16\n" * 2
    machine.env = "QTUNE_DEVICE=cpu\n"
    assert codes(examined(machine, monkeypatch)) == []
    assert machine.tried == "cuda float16\n" * 2


# --- GPU502 ---------------------------------------------------------------------------------------


@pytest.mark.triggers("GPU502")
@pytest.mark.spares("GPU501", "GPU503", "GPU516")
def test_a_driver_that_was_updated_and_not_loaded_again(
    machine: Machine, monkeypatch: Patch
) -> None:
    machine.nvml, machine.torch = {"init": 18}, {"cuda": "13.0"}
    machine.on_the_bus("550.90.07")
    report = examined(machine, monkeypatch)
    assert codes(report) == ["GPU502"]
    finding = only(report, "GPU502")
    assert "loaded 550.90.07" in finding.message.en and "550.107.02" in finding.message.zh
    assert "Driver/library version mismatch" in told(finding)
    assert finding.fix is not None and finding.fix.command == "sudo reboot"


@pytest.mark.triggers("GPU502")
def test_the_same_as_nvidia_smi_says_it(tmp_path: Path, monkeypatch: Patch) -> None:
    machine = Machine(tmp_path, torch={"cuda": "13.0"}).on_the_bus("580.126.09")
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "nvidia-smi").write_text(
        "#!/bin/sh\necho 'Failed to initialize NVML: Driver/library version mismatch'\n"
        "echo 'NVML library version: 580.159'\nexit 18\n"
    )
    (tools / "nvidia-smi").chmod(0o755)
    finding = only(examined(machine, monkeypatch), "GPU502")
    assert "580.126.09" in finding.message.en and "580.159" in finding.message.en


@pytest.mark.triggers("GPU501")
@pytest.mark.spares("GPU502")
def test_a_driver_that_is_not_loaded_is_no_mismatch(machine: Machine, monkeypatch: Patch) -> None:
    machine.nvml, machine.torch = {"init": 9}, {"cuda": "13.0"}
    assert codes(examined(machine, monkeypatch)) == ["GPU501"]


@pytest.mark.triggers("GPU501")
@pytest.mark.parametrize(
    ("state", "words"), [({"hang": 1}, "no answer within 4 s"), ({"crash": 1}, "SIGSEGV")]
)
def test_a_driver_that_hangs_or_crashes_takes_nothing_with_it(
    machine: Machine, monkeypatch: Patch, state: dict[str, Any], words: str
) -> None:
    machine.nvml, machine.torch, machine.only = state, {"cuda": "13.0"}, ("GPU501",)
    started = time.monotonic()
    assert words in told(only(examined(machine, monkeypatch), "GPU501"))
    assert time.monotonic() - started < 6


# --- GPU500, GPU504: also through the road ----------------------------------------------------------


@pytest.mark.triggers("GPU500")
@pytest.mark.spares("GPU501", "GPU515")
def test_no_gpu_at_all(tmp_path: Path, monkeypatch: Patch) -> None:
    machine = Machine(tmp_path, torch={})
    assert codes(examined(machine, monkeypatch)) == ["GPU500"]


@pytest.mark.triggers("GPU504")
@pytest.mark.spares("GPU503", "GPU516")
def test_a_gpu_that_nvidia_lists_and_a_torch_built_for_the_cpu(
    machine: Machine, monkeypatch: Patch
) -> None:
    machine.torch = {"version": "2.13.0+cpu"}
    report = examined(machine, monkeypatch)
    assert codes(report) == ["GPU504"]
    assert "torch 2.13.0+cpu" in only(report, "GPU504").message.en


# --- GPU503 ---------------------------------------------------------------------------------------

TOO_OLD = (
    "CUDA initialization: The NVIDIA driver on your system is too old (found version 12020). Please"
)


@pytest.mark.triggers("GPU503")
@pytest.mark.spares("GPU516")
def test_a_driver_that_is_older_than_torchs_cuda(machine: Machine, monkeypatch: Patch) -> None:
    machine.nvml = {"driver": "535.104.05"}
    machine.torch = {"version": "2.13.0", "cuda": "13.0", "warning": TOO_OLD}
    report = examined(machine, monkeypatch)
    assert codes(report) == ["GPU503"]
    finding = only(report, "GPU503")
    assert "CUDA 13.0, which needs driver 580" in finding.message.en
    assert "535.104.05" in finding.message.zh and "found version 12020" in told(finding)
    assert finding.fix is not None and finding.fix.command.endswith("/whl/cu126")


@pytest.mark.spares("GPU503")
@pytest.mark.parametrize(("cuda", "driver"), [("12.8", "525.60.13"), ("11.8", "450.80.02")])
def test_an_old_driver_that_is_new_enough(
    machine: Machine, monkeypatch: Patch, cuda: str, driver: str
) -> None:
    machine.nvml, machine.torch = {"driver": driver}, {**WELL, "cuda": cuda}
    assert codes(examined(machine, monkeypatch)) == []


@pytest.mark.spares("GPU503")
def test_an_old_driver_with_which_it_works_is_left_alone(
    machine: Machine, monkeypatch: Patch
) -> None:
    machine.nvml = {"driver": "535.104.05"}  # with NVIDIA's forward compatibility
    assert codes(examined(machine, monkeypatch)) == []


# --- GPU505 ---------------------------------------------------------------------------------------

BLACKWELL = card("NVIDIA GeForce RTX 5090", capability="12.0")
CU126 = ["sm_50", "sm_60", "sm_70", "sm_75", "sm_80", "sm_86", "sm_90"]
NO_KERNEL = "CUDA error: no kernel image is available for execution on the device"


@pytest.mark.triggers("GPU505")
@pytest.mark.spares("GPU516")
@pytest.mark.parametrize(
    ("driver", "wheel"), [("580.95.05", "cu130"), ("570.86.10", "cu128")], ids=["580", "570"]
)
def test_a_card_that_is_newer_than_the_wheel(
    machine: Machine, monkeypatch: Patch, driver: str, wheel: str
) -> None:
    machine.nvml, machine.cards = {"driver": driver}, (BLACKWELL,)
    machine.torch = {
        "cuda": "12.6",
        "archs": CU126,
        "gpus": [device("NVIDIA GeForce RTX 5090", "12.0")],
        "compute": NO_KERNEL,
    }
    report = examined(machine, monkeypatch)
    assert codes(report) == ["GPU505"]
    finding = only(report, "GPU505")
    assert finding.severity is Severity.ERROR
    assert "RTX 5090" in finding.message.en and "12.0" in finding.message.zh
    assert "sm_90" in told(finding) and "no kernel image" in told(finding)
    assert finding.fix is not None and finding.fix.command.endswith(f"/whl/{wheel}")


@pytest.mark.triggers("GPU505")
def test_a_card_that_is_older_than_the_wheel(machine: Machine, monkeypatch: Patch) -> None:
    machine.cards = (card("Tesla V100-SXM2-32GB", capability="7.0"),)
    machine.torch = {**CUDA13, "gpus": [device("Tesla V100-SXM2-32GB", "7.0")], "compute": "hang"}
    machine.seconds = 4
    finding = only(examined(machine, monkeypatch), "GPU505")
    assert finding.fix is not None and finding.fix.command.endswith("/whl/cu126")


@pytest.mark.spares("GPU505")
def test_a_list_that_lacks_the_card_and_a_computation_that_works(
    machine: Machine, monkeypatch: Patch
) -> None:
    machine.cards = (BLACKWELL,)
    machine.torch = {"cuda": "12.6", "archs": CU126, "gpus": [device("RTX 5090", "12.0")]}
    assert codes(examined(machine, monkeypatch)) == []


# --- GPU506 ---------------------------------------------------------------------------------------


@pytest.mark.triggers("GPU506")
@pytest.mark.spares("GPU516")
@pytest.mark.parametrize("value", ["-1", "1", "7,0", "GPU-deadbeef", "0,0", "abc", "MIG-unknown"])
def test_a_line_of_env_that_hides_every_gpu(
    machine: Machine, monkeypatch: Patch, value: str
) -> None:
    machine.env, machine.torch = f"# mine\nCUDA_VISIBLE_DEVICES={value}\n", CUDA13
    report = examined(machine, monkeypatch)
    assert codes(report) == ["GPU506"]
    finding = only(report, "GPU506")
    assert f"CUDA_VISIBLE_DEVICES={value} (.env line 2) hides every GPU" in finding.message.en
    assert finding.span is not None and finding.span.line == 2
    assert finding.fix is not None and finding.fix.applicability is Applicability.UNSAFE


@pytest.mark.triggers("GPU506")
def test_an_empty_list_in_the_environment(machine: Machine, monkeypatch: Patch) -> None:
    machine.environ, machine.torch = {"CUDA_VISIBLE_DEVICES": ""}, CUDA13
    finding = only(examined(machine, monkeypatch), "GPU506")
    assert (
        "(the process environment)" in finding.message.en and "进程环境变量" in finding.message.zh
    )
    assert finding.fix is not None and finding.fix.command == "unset CUDA_VISIBLE_DEVICES"


@pytest.mark.triggers("GPU506")
def test_what_stands_behind_a_wrong_entry_is_a_note(machine: Machine, monkeypatch: Patch) -> None:
    machine.cards = (card(), card(uuid=OTHER))
    machine.env = "CUDA_VISIBLE_DEVICES=0,5,1\n"
    finding = only(examined(machine, monkeypatch), "GPU506")
    assert finding.severity is Severity.INFO
    assert "5 names no GPU" in finding.message.en and "1 is hidden too" in finding.message.en


@pytest.mark.spares("GPU506")
@pytest.mark.parametrize("value", ["0", "1,0", "", "GPU-99999999", "0,-1", OTHER])
def test_lists_that_name_gpus_of_this_machine(
    machine: Machine, monkeypatch: Patch, value: str
) -> None:
    machine.cards = (card(), card(uuid=OTHER))
    machine.env = f"CUDA_VISIBLE_DEVICES={value}\n"
    assert codes(examined(machine, monkeypatch)) == []


@pytest.mark.spares("GPU506")
def test_the_cpu_by_choice_says_nothing_of_hidden_gpus(
    machine: Machine, monkeypatch: Patch
) -> None:
    machine.env = "CUDA_VISIBLE_DEVICES=-1\nQTUNE_DEVICE=cpu\n"
    machine.torch = CUDA13
    assert codes(examined(machine, monkeypatch)) == []


# --- GPU507 ---------------------------------------------------------------------------------------

SMALL, LARGE = (
    "MIG-aaaaaaaa-0000-0000-0000-000000000001",
    "MIG-aaaaaaaa-0000-0000-0000-000000000002",
)
A100 = card("NVIDIA A100-SXM4-80GB", capability="8.0", total=81920, free=81000, mig=1)
CUT = {
    **A100,
    "slice0.uuid": SMALL, "slice0.name": "NVIDIA A100-SXM4-80GB MIG 1g.10gb",
    "slice0.total": 9728, "slice0.free": 9700,
    "slice1.uuid": LARGE, "slice1.name": "NVIDIA A100-SXM4-80GB MIG 3g.40gb",
    "slice1.total": 40192, "slice1.free": 40100,
}  # fmt: skip
ON_MIG = {**CUDA13, "gpus": [device("NVIDIA A100-SXM4-80GB MIG 1g.10gb", "8.0")]}


@pytest.mark.triggers("GPU507")
def test_the_first_instance_where_a_larger_one_is_there(
    machine: Machine, monkeypatch: Patch
) -> None:
    machine.cards, machine.torch = (CUT,), ON_MIG
    report = examined(machine, monkeypatch)
    assert codes(report) == ["GPU507"]
    finding = only(report, "GPU507")
    assert "1g.10gb" in finding.message.en and "3g.40gb" in finding.message.zh
    assert finding.fix is not None and finding.fix.patch is not None
    assert finding.fix.patch.set == {"CUDA_VISIBLE_DEVICES": LARGE}


@pytest.mark.triggers("GPU507")
@pytest.mark.spares("GPU516")
def test_mig_without_any_instance(machine: Machine, monkeypatch: Patch) -> None:
    machine.cards, machine.torch = (A100,), CUDA13
    report = examined(machine, monkeypatch)
    assert codes(report) == ["GPU507"]
    assert "has no instance" in only(report, "GPU507").message.en


@pytest.mark.spares("GPU507", "GPU506")
@pytest.mark.parametrize("value", [SMALL, LARGE])
def test_an_instance_that_was_named(machine: Machine, monkeypatch: Patch, value: str) -> None:
    machine.cards, machine.env, machine.torch = (CUT,), f"CUDA_VISIBLE_DEVICES={value}\n", ON_MIG
    assert codes(examined(machine, monkeypatch)) == []


# --- GPU508 ---------------------------------------------------------------------------------------


@pytest.mark.triggers("GPU508")
def test_a_busy_gpu_beside_a_free_one(machine: Machine, monkeypatch: Patch) -> None:
    mine = os.getpid()
    name = "pytest-of-mine"
    held = card(free=6000, processes=f"{mine}:17000,999999:500")
    machine.cards = (held, card(uuid=OTHER))
    machine.file(f"proc/{mine}/comm", name + "\n")
    report = examined(machine, monkeypatch)
    assert codes(report) == ["GPU508"]
    finding = only(report, "GPU508")
    assert "18.1 GiB of the 24.0 GiB" in finding.message.en
    assert f"process {mine}, {name}, yours, 16.6 GiB" in told(finding)
    assert "process 999999, 0.5 GiB" in told(finding)
    assert finding.fix is not None and finding.fix.patch is not None
    assert finding.fix.patch.set == {"CUDA_VISIBLE_DEVICES": "GPU-99999999"}


@pytest.mark.triggers("GPU508")
@pytest.mark.parametrize(
    ("changes", "words"),
    [({"mode": 2}, "Prohibited"), ({"mode": 3, "processes": "4711:900"}, "Exclusive_Process")],
)
def test_a_gpu_that_lets_no_second_program_in(
    machine: Machine, monkeypatch: Patch, changes: dict[str, Any], words: str
) -> None:
    machine.cards = (card(**changes),)
    said = "CUDA error: all CUDA-capable devices are busy or unavailable"
    machine.torch = {**WELL, "compute": said}
    report = examined(machine, monkeypatch)
    assert codes(report) == ["GPU508", "GPU516"]
    assert words in only(report, "GPU508").message.en
    assert only(report, "GPU516").because == "GPU508"


@pytest.mark.spares("GPU508")
@pytest.mark.parametrize(
    ("first", "second", "env"),
    [
        ({"free": 20000}, {}, ""),  # a desktop
        ({"free": 6000}, {"free": 7000}, ""),  # no better
        ({"free": 6000}, {}, "CUDA_VISIBLE_DEVICES=1\n"),  # chosen already
        ({"mode": 3}, {}, ""),  # exclusive, and free
    ],
)
def test_gpus_that_are_free_enough(
    machine: Machine,
    monkeypatch: Patch,
    first: dict[str, Any],
    second: dict[str, Any],
    env: str,
) -> None:
    machine.cards = (card(**first), card(uuid=OTHER, **second))
    machine.env = env
    report = examined(machine, monkeypatch)
    if (
        first.get("free") == 6000 and second
    ):  # no better, but more than half is held, and nobody knows the need
        assert codes(report) == ["GPU508"]
        assert only(report, "GPU508").fix.patch is None  # type: ignore[union-attr]
    else:
        assert codes(report) == []


@pytest.mark.spares("GPU508")
def test_a_gpu_that_the_user_hides_is_not_recommended(machine: Machine, monkeypatch: Patch) -> None:
    machine.cards = (card(free=14000), card(uuid=OTHER))
    machine.env = "CUDA_VISIBLE_DEVICES=0\n"
    assert codes(examined(machine, monkeypatch)) == []


# --- GPU509, GPU511 ---------------------------------------------------------------------------------

XID = "6,1042,5012345,-;NVRM: Xid (PCI:0000:01:00): 79, pid='<unknown>', GPU has fallen off the bus.\n"


@pytest.mark.triggers("GPU509")
@pytest.mark.parametrize(
    ("changes", "level", "words"),
    [
        ({"ecc": 3}, Severity.WARNING, "3 uncorrected ECC errors"),
        ({"remap": "1 0"}, Severity.INFO, "next reset"),
        ({"remap": "0 1"}, Severity.WARNING, "should be exchanged"),
    ],
)
def test_memory_errors_that_could_not_be_corrected(
    machine: Machine, monkeypatch: Patch, changes: dict[str, Any], level: Severity, words: str
) -> None:
    machine.cards = (card(**changes),)
    finding = only(examined(machine, monkeypatch), "GPU509")
    assert finding.severity is level
    assert words in finding.message.en + told(finding)


@pytest.mark.triggers("GPU509")
@pytest.mark.spares("GPU501")
def test_a_card_that_fell_off_the_bus(machine: Machine, monkeypatch: Patch) -> None:
    machine.nvml = {"0.status": 15}
    machine.torch = CUDA13
    machine.file("dev/kmsg", "6,1,1,-;usb 1-1: new device\n" + XID)
    report = examined(machine, monkeypatch)
    assert codes(report) == ["GPU509"]
    assert "GPU is lost" in told(only(report, "GPU509"))
    assert "Xid 79 (0000:01:00)" in told(only(report, "GPU509"))


@pytest.mark.spares("GPU509")
def test_faults_of_programs_and_memory_without_errors(machine: Machine, monkeypatch: Patch) -> None:
    machine.cards = (card(ecc=0, remap="0 0"),)
    machine.file("dev/kmsg", XID.replace("79", "31").replace("GPU has fallen", "MMU Fault"))
    assert codes(examined(machine, monkeypatch)) == []


@pytest.mark.triggers("GPU511")
@pytest.mark.parametrize(("bits", "words"), [(0x48, "too hot"), (0x80, "power supply")])
def test_a_card_that_heat_or_power_slows_down(
    machine: Machine, monkeypatch: Patch, bits: int, words: str
) -> None:
    machine.cards = (card(slowed=bits),)
    finding = only(examined(machine, monkeypatch), "GPU511")
    assert finding.severity is Severity.INFO and words in finding.message.en


@pytest.mark.spares("GPU511")
def test_the_cap_on_power_that_every_card_keeps(machine: Machine, monkeypatch: Patch) -> None:
    machine.cards = (card(slowed=0x04 | 0x01 | 0x02),)
    assert codes(examined(machine, monkeypatch)) == []


# --- GPU510 ---------------------------------------------------------------------------------------


@pytest.mark.triggers("GPU510")
def test_bfloat16_on_a_card_that_emulates_it(machine: Machine, monkeypatch: Patch) -> None:
    machine.cards = (card("Tesla T4", capability="7.5"),)
    machine.torch = {**CUDA13, "gpus": [device("Tesla T4", "7.5")]}
    machine.env = "QTUNE_DTYPE=bfloat16\n"
    report = examined(machine, monkeypatch)
    assert codes(report) == ["GPU510"]
    finding = only(report, "GPU510")
    assert "Tesla T4" in finding.message.en and finding.span is not None
    assert finding.fix is not None and finding.fix.applicability is Applicability.SAFE


@pytest.mark.triggers("GPU510")
def test_float16_where_the_cpu_would_train(tmp_path: Path, monkeypatch: Patch) -> None:
    machine = Machine(tmp_path, torch={}, env="QTUNE_DTYPE=float16\nQTUNE_DEVICE=cpu\n")
    report = examined(machine, monkeypatch)
    assert codes(report) == ["GPU510"]
    assert only(report, "GPU510").severity is Severity.ERROR


@pytest.mark.spares("GPU510")
def test_auto_is_right_on_every_card(machine: Machine, monkeypatch: Patch) -> None:
    machine.cards = (card("Tesla T4", capability="7.5"),)
    machine.torch = {**CUDA13, "gpus": [device("Tesla T4", "7.5")]}
    assert codes(examined(machine, monkeypatch)) == []
    assert machine.tried == "cuda float32\n" * 2


# --- GPU513 ---------------------------------------------------------------------------------------


@pytest.mark.triggers("GPU513")
@pytest.mark.spares("GPU500", "GPU501")
@pytest.mark.parametrize(
    ("mark", "environ", "words"),
    [
        (".dockerenv", {"NVIDIA_VISIBLE_DEVICES": "void"}, "--gpus all"),
        ("run/.containerenv", {}, "nvidia.com/gpu=all"),
        ("", {"KUBERNETES_SERVICE_HOST": "10.0.0.1"}, ""),
        ("", {"APPTAINER_CONTAINER": "/x.sif"}, "--nv"),
    ],
)
def test_a_container_that_was_started_without_the_gpu(
    tmp_path: Path, monkeypatch: Patch, mark: str, environ: dict[str, str], words: str
) -> None:
    machine = Machine(tmp_path, torch={"cuda": "13.0"}, environ=environ).on_the_bus("580.95.05")
    if mark:
        machine.file(mark)
    report = examined(machine, monkeypatch)
    assert codes(report) == ["GPU513"]
    finding = only(report, "GPU513")
    assert finding.fix is not None and words in finding.fix.command
    assert ("NVIDIA_VISIBLE_DEVICES=void" in told(finding)) == bool(mark == ".dockerenv")


@pytest.mark.spares("GPU513")
def test_a_container_with_the_gpu(machine: Machine, monkeypatch: Patch) -> None:
    machine.file(".dockerenv").file("dev/nvidia0")
    assert codes(examined(machine, monkeypatch)) == []


@pytest.mark.spares("GPU513")
def test_a_container_on_a_host_without_a_gpu(tmp_path: Path, monkeypatch: Patch) -> None:
    machine = Machine(tmp_path, torch={"version": "2.13.0+cpu"}).file(".dockerenv").file("proc/1/x")
    assert codes(examined(machine, monkeypatch)) == ["GPU500"]


# --- GPU514 ---------------------------------------------------------------------------------------

WSL2 = "Linux version 5.15.167.4-microsoft-standard-WSL2 (root@x) #1 SMP\n"
WSL1 = "Linux version 4.4.0-19041-Microsoft (Microsoft@Microsoft.com) #1\n"


@pytest.mark.triggers("GPU514")
@pytest.mark.spares("GPU500", "GPU501")
@pytest.mark.parametrize(
    ("kernel", "files", "words"),
    [
        (WSL2, ["usr/lib/wsl/lib/libcuda.so.1"], "does not answer"),
        (WSL2, ["mnt/c/Windows/System32/nvidia-smi.exe"], "lends no CUDA"),
        (
            WSL2,
            ["usr/lib/wsl/lib/libcuda.so.1", "usr/lib/x86_64-linux-gnu/libcuda.so.550.90.07"],
            "Linux driver was installed inside WSL",
        ),
        (WSL1, ["mnt/c/Windows/System32/nvidia-smi.exe"], "WSL 1"),
    ],
)
def test_a_wsl_that_does_not_get_the_gpu(
    tmp_path: Path, monkeypatch: Patch, kernel: str, files: list[str], words: str
) -> None:
    machine = Machine(tmp_path, torch={"cuda": "13.0"}).file("proc/version", kernel)
    for path in files:
        machine.file(path)
    report = examined(machine, monkeypatch)
    assert codes(report) == ["GPU514"]
    finding = only(report, "GPU514")
    assert words in finding.message.en
    assert finding.fix is not None and "ubuntu-drivers" not in finding.fix.command


@pytest.mark.spares("GPU514")
def test_a_wsl_that_works(machine: Machine, monkeypatch: Patch) -> None:
    machine.file("proc/version", WSL2).file("usr/lib/wsl/lib/libcuda.so.1")
    assert codes(examined(machine, monkeypatch)) == []


@pytest.mark.spares("GPU514")
def test_a_wsl_on_a_windows_without_nvidia(tmp_path: Path, monkeypatch: Patch) -> None:
    machine = Machine(tmp_path, torch={}).file("proc/version", WSL2)
    assert codes(examined(machine, monkeypatch)) == ["GPU500"]


# --- GPU515 ---------------------------------------------------------------------------------------

KFD = "sys/class/kfd/kfd/topology/nodes/1/properties"


@pytest.mark.triggers("GPU515")
@pytest.mark.spares("GPU500")
@pytest.mark.parametrize(
    ("torch", "files", "words"),
    [
        ({}, {KFD: "cpu_cores_count 0\nsimd_count 256\n"}, "not built for ROCm"),
        ({"hip": "7.2"}, {KFD: "simd_count 256\n"}, "no /dev/kfd here"),
        ({"hip": "7.2"}, {KFD: "simd_count 256\n", "dev/kfd": ""}, "does not see it"),
        ({}, {"dev/davinci0": ""}, "Ascend NPU"),
        ({"xpu": True}, {}, "Intel GPU"),
    ],
)
def test_another_makers_accelerator(
    tmp_path: Path, monkeypatch: Patch, torch: dict[str, Any], files: dict[str, str], words: str
) -> None:
    machine = Machine(tmp_path, torch=torch)
    for path, text in files.items():
        machine.file(path, text)
    report = examined(machine, monkeypatch)
    assert codes(report) == ["GPU515"]
    assert words in only(report, "GPU515").message.en


@pytest.mark.triggers("GPU515")
def test_an_amd_gpu_that_this_user_may_not_open(tmp_path: Path, monkeypatch: Patch) -> None:
    machine = Machine(tmp_path, torch={"hip": "7.2"}).file(KFD, "simd_count 192\n").file("dev/kfd")
    monkeypatch.setattr(os, "access", lambda path, mode: False)  # root may open everything
    finding = only(examined(machine, monkeypatch), "GPU515")
    assert "may not open /dev/kfd" in finding.message.en
    assert finding.fix is not None and "render" in finding.fix.command


@pytest.mark.spares("GPU515")
def test_an_amd_gpu_that_torch_uses(tmp_path: Path, monkeypatch: Patch) -> None:
    amd = {"hip": "7.2", "gpus": [device("AMD Radeon RX 7900 XTX", "11.0")]}
    machine = Machine(tmp_path, torch=amd).file(KFD, "simd_count 192\n").file("dev/kfd")
    assert codes(examined(machine, monkeypatch)) == []


@pytest.mark.spares("GPU515")
def test_a_processors_own_amd_gpu_beside_nvidias(machine: Machine, monkeypatch: Patch) -> None:
    machine.file(KFD, "simd_count 4\n")
    assert codes(examined(machine, monkeypatch)) == []


@pytest.mark.spares("GPU515", "GPU500")
def test_a_mac(tmp_path: Path, monkeypatch: Patch) -> None:
    machine = Machine(tmp_path, torch={"mps": True})
    assert codes(examined(machine, monkeypatch)) == []
    assert machine.tried == "mps float32\n" * 2


# --- GPU516 ---------------------------------------------------------------------------------------


@pytest.mark.triggers("GPU516")
@pytest.mark.parametrize(
    ("compute", "words", "evidence"),
    [
        ("CUDA error: CUBLAS_STATUS_NOT_INITIALIZED", "fails", "CUBLAS_STATUS_NOT_INITIALIZED"),
        ("hang", "does not come to an end", ""),
        ("crash", "crashes", "SIGSEGV"),
    ],
)
def test_a_gpu_that_does_not_compute(
    machine: Machine, monkeypatch: Patch, compute: str, words: str, evidence: str
) -> None:
    machine.torch = {**WELL, "compute": compute}
    machine.seconds = 4
    started = time.monotonic()
    report = examined(machine, monkeypatch)
    assert codes(report) == ["GPU516"]
    finding = only(report, "GPU516")
    assert finding.severity is Severity.ERROR
    assert f"bfloat16 on the NVIDIA GeForce RTX 4090 {words}" in finding.message.en
    assert evidence in told(finding)
    assert time.monotonic() - started < 8


@pytest.mark.triggers("GPU516")
def test_a_torch_that_does_not_see_what_the_driver_lists(
    machine: Machine, monkeypatch: Patch
) -> None:
    said = "CUDA initialization: CUDA unknown error - this may be due to an incorrectly set up environment"
    machine.torch = {**CUDA13, "warning": said}
    report = examined(machine, monkeypatch)
    assert codes(report) == ["GPU516"]
    assert "CUDA unknown error" in told(only(report, "GPU516"))
