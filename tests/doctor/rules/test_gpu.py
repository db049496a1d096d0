"""The rules about GPUs, each with facts that trigger it and facts that nearly do."""

from __future__ import annotations

from dataclasses import replace

import pytest

from qtune.core.envpatch import EnvPatch
from qtune.doctor.facts import Accelerator, Facts, Gpu, Known, TorchBuild, Unknown
from qtune.doctor.finding import Applicability, Severity
from qtune.doctor.rules.gpu import RULES, gpu500, gpu501, gpu504
from qtune.doctor.rules.gpu.wheels import wheel_for
from tests.doctor.build import env_line, healthy, with_setting
from tests.doctor.rules.judging import findings, only
from tests.doctor.rules.pages import complaints
from tests.doctor.rules.roads import told

CPU_WHEEL = TorchBuild(True, "2.13.0+cpu")
NOTHING = Accelerator((), pci=False)


def machine(seen: Accelerator, build: TorchBuild, device: str = "") -> Facts:
    facts = healthy(accelerator=Known(seen), torch=Known(build))
    if device:
        facts = with_setting(facts, "QTUNE_DEVICE", device, env_line("QTUNE_DEVICE", 8))
    return facts


def card(capability: str, driver: str) -> Accelerator:
    gpu = Gpu(0, "NVIDIA GeForce RTX 4090", 24 << 30, 23 << 30, capability)
    return Accelerator((gpu,), driver, True, "", "nvml")


@pytest.mark.parametrize("code", [rule.code for rule in RULES])
def test_the_page_is_whole_in_both_languages(code: str) -> None:
    assert complaints(next(rule for rule in RULES if rule.code == code)) == []


def test_a_healthy_machine_has_no_finding() -> None:
    for rule in RULES:
        assert findings(rule, healthy()) == []


def test_what_could_not_be_looked_at_is_not_judged() -> None:
    unseen = healthy(accelerator=Unknown("timeout"), torch=Unknown("timeout"))
    for rule in RULES:
        assert findings(rule, unseen) == []


def test_only_training_is_asked_for_gpus() -> None:
    assert {goal for rule in RULES for goal in rule.goals} == {"train"}


# --- GPU500 ---------------------------------------------------------------------------------------


def test_training_on_the_cpu_is_legitimate_and_told() -> None:
    finding = only(gpu500.RULE, machine(NOTHING, CPU_WHEEL))
    assert finding.severity is Severity.INFO
    assert "CPU" in finding.message.en and "CPU" in finding.message.zh
    assert finding.fix is not None and finding.fix.patch is None


def test_asking_for_cuda_without_a_gpu_is_an_error_at_its_line() -> None:
    finding = only(gpu500.RULE, machine(NOTHING, CPU_WHEEL, "cuda"))
    assert finding.severity is Severity.ERROR
    assert "QTUNE_DEVICE=cuda (.env line 8)" in finding.message.en
    assert finding.span is not None and finding.span.line == 8
    assert finding.fix is not None and finding.fix.applicability is Applicability.UNSAFE
    assert finding.fix.patch == EnvPatch({}, frozenset({"QTUNE_DEVICE"}))


@pytest.mark.parametrize(
    "build",
    [
        TorchBuild(True, "2.13.0", mps=True),
        TorchBuild(True, "2.13.0+rocm6.4", hip="6.4", available=True),
        TorchBuild(True, "2.13.0", error="import torch crashed"),
    ],
)
def test_another_accelerator_or_a_broken_torch_is_not_no_gpu(build: TorchBuild) -> None:
    assert findings(gpu500.RULE, machine(NOTHING, build)) == []


def test_the_cpu_by_choice_is_nothing_to_tell() -> None:
    for rule in RULES:
        assert findings(rule, machine(NOTHING, CPU_WHEEL, "cpu")) == []


# --- GPU501 ---------------------------------------------------------------------------------------


def test_a_gpu_without_a_driver_is_told() -> None:
    finding = only(gpu501.RULE, machine(Accelerator((), pci=True), CPU_WHEEL))
    assert finding.severity is Severity.WARNING
    assert "no driver" in finding.message.en and "驱动" in finding.message.zh
    assert finding.fix is not None and finding.fix.command == "sudo ubuntu-drivers install"
    assert findings(gpu500.RULE, machine(Accelerator((), pci=True), CPU_WHEEL)) == []


def test_a_driver_that_does_not_answer_is_quoted() -> None:
    seen = Accelerator((), "550.54", True, "Unknown Error", "nvml")
    finding = only(gpu501.RULE, machine(seen, CPU_WHEEL))
    assert "550.54" in finding.message.en and "Unknown Error" in told(finding)
    assert finding.fix is not None and "Restart" in finding.fix.title.en


def test_a_driver_without_its_libraries_is_a_matter_of_the_container_not_of_a_restart() -> None:
    finding = only(gpu501.RULE, machine(Accelerator((), "570.86", True), CPU_WHEEL))
    assert "libraries" in finding.message.en and "库文件" in finding.message.zh
    assert finding.fix is not None and "--gpus all" in finding.fix.title.en


@pytest.mark.parametrize("pci", [False, None])
def test_no_card_on_the_bus_needs_no_driver(pci: bool | None) -> None:
    assert findings(gpu501.RULE, machine(Accelerator((), pci=pci), CPU_WHEEL)) == []


def test_asking_for_cuda_without_a_driver_is_an_error() -> None:
    finding = only(gpu501.RULE, machine(Accelerator((), pci=True), CPU_WHEEL, "cuda"))
    assert finding.severity is Severity.ERROR


# --- GPU504 ---------------------------------------------------------------------------------------


def test_a_torch_without_cuda_beside_a_gpu_names_both() -> None:
    finding = only(gpu504.RULE, machine(card("8.9", "570.1"), CPU_WHEEL))
    assert finding.severity is Severity.WARNING
    assert "2.13.0+cpu" in finding.message.en and "RTX 4090" in finding.message.en
    assert "RTX 4090" in finding.message.zh and "570.1" in told(finding)
    assert finding.fix is not None and finding.fix.applicability is Applicability.MANUAL
    assert finding.fix.command.endswith("https://download.pytorch.org/whl/cu126")


@pytest.mark.parametrize(
    ("capability", "driver", "wheel"),
    [
        ("8.9", "580.95", "cu130"),
        ("8.9", "525.60", "cu126"),
        ("12.0", "570.1", "cu128"),
        ("7.0", "580.95", "cu126"),
        ("", "580.95", "cu130"),
        ("8.9", "470.1", None),
        ("8.9", "", None),
    ],
)
def test_the_wheel_suits_driver_and_card(capability: str, driver: str, wheel: str | None) -> None:
    assert wheel_for(card(capability, driver)) == wheel


def test_a_driver_too_old_for_any_wheel_is_updated_first() -> None:
    fix = only(gpu504.RULE, machine(card("8.9", "470.1"), CPU_WHEEL)).fix
    assert fix is not None and "470.1" in fix.title.en and not fix.command


@pytest.mark.parametrize(
    "build",
    [
        TorchBuild(False),
        TorchBuild(True, "2.13.0+rocm6.4", hip="6.4"),
        TorchBuild(True, "2.13.0", mps=True),
        TorchBuild(True, "2.13.0", "12.8", available=False),
        TorchBuild(True, "2.13.0", error="ImportError: libcudart"),
    ],
)
def test_other_builds_are_no_cpu_builds(build: TorchBuild) -> None:
    assert findings(gpu504.RULE, machine(card("8.9", "570.1"), build)) == []


def test_a_cpu_torch_without_a_gpu_is_as_it_should_be() -> None:
    assert findings(gpu504.RULE, machine(NOTHING, CPU_WHEEL)) == []


def test_asking_for_cuda_with_a_cpu_torch_is_an_error() -> None:
    facts = machine(card("8.9", "570.1"), CPU_WHEEL, "cuda")
    assert only(gpu504.RULE, facts).severity is Severity.ERROR
    assert findings(gpu504.RULE, replace(facts, torch=Unknown("timeout"))) == []
