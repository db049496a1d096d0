"""Which GPU a training gets, which build suits it, and what follows from whom."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from qtune.core.origin import Origin
from qtune.core.smaller import QWEN3
from qtune.doctor.examine import Options, rejudge
from qtune.doctor.facts import Accelerator, Facts, Gpu, Holder, Known, Slice, TorchBuild
from qtune.doctor.finding import Severity
from qtune.doctor.rules.gpu.chosen import chosen, visible
from qtune.doctor.rules.gpu.gpu505 import runs
from qtune.doctor.rules.gpu.wheels import wheel_for
from tests.doctor.build import env_line, environ, healthy, with_setting

GIB = 1 << 30


def gpu(index: int, name: str = "NVIDIA A100", **changes: Any) -> Gpu:
    made = Gpu(index, name, 80 * GIB, 79 * GIB, "8.0", f"GPU-{index}{index}{index}{index}aaaa")
    return replace(made, **changes)


def cut(index: int) -> Gpu:
    parts = tuple(Slice(f"MIG-{n}", f"MIG {n}g", n * 10 * GIB, n * 10 * GIB) for n in (1, 3))
    return gpu(index, mig=True, slices=parts)


def machine(*gpus: Gpu, visible: str | None = None, **build: Any) -> Facts:
    made = TorchBuild(True, "2.13.0", "13.0", "", True, tuple(one.name for one in gpus), True)
    seen = Accelerator(gpus, "580.95", True, "", "nvml", visible=visible)
    return healthy(accelerator=Known(seen), torch=Known(replace(made, **build)))


@pytest.mark.parametrize(
    ("value", "left", "bad"),
    [
        (None, [0, 1, 2], None),
        ("", [], ""),
        ("2,0", [2, 0], None),
        (" 1 , 2 ", [1, 2], None),
        ("0,3,1", [0], "3"),
        ("-1", [], "-1"),
        ("0,-1,1", [0], "-1"),
        ("1,1", [], "1"),
        ("1gpu,2", [1, 2], None),  # CUDA reads the digits that it begins with
        ("GPU-1111", [1], None),
        ("gpu-1111", [], "gpu-1111"),
        ("GPU-1111aaaa-0000-0000-0000-000000000000,GPU-2222", [1, 2], None),
        ("GPU-", [], "GPU-"),
        ("9" * 400, [], "9" * 400),
        ("all", [], "all"),
    ],
)
def test_the_list_is_read_as_cuda_reads_it(
    value: str | None, left: list[int], bad: str | None
) -> None:
    seen = Accelerator((gpu(0), gpu(1), gpu(2)))
    read = visible(value, seen)
    assert [card.index for card in read.cards] == left
    assert read.bad == bad


def test_two_cards_whose_names_begin_alike_are_not_told_apart_by_that() -> None:
    seen = Accelerator((gpu(0, uuid="GPU-12345678"), gpu(1, uuid="GPU-12340000")))
    assert visible("GPU-1234", seen).cards == ()
    assert [card.index for card in visible("GPU-12340", seen).cards] == [1]


def test_an_instance_has_its_own_memory() -> None:
    seen = Accelerator((cut(0), gpu(1)))
    (first, whole) = visible(None, seen).cards
    assert (first.memory_total, whole.memory_total) == (10 * GIB, 80 * GIB)
    (named,) = visible("MIG-3", seen).cards
    assert (named.name, named.memory_free) == ("MIG 3g", 30 * GIB)
    assert visible("MIG-2", seen).bad == "MIG-2"


def test_torch_itself_says_which_card_is_the_first() -> None:
    facts = machine(gpu(0), gpu(1, "NVIDIA T4"), uuids=("GPU-1111aaaa", "GPU-0000aaaa"))
    card = chosen(facts)
    assert card is not None and card.index == 1


def test_cards_of_several_kinds_are_told_apart_by_name() -> None:
    both = machine(gpu(0, "NVIDIA T4"), gpu(1, "NVIDIA H100"), devices=("NVIDIA H100",))
    card = chosen(both)
    assert card is not None and card.index == 1  # CUDA counts the fastest first
    assert chosen(machine(gpu(0, "NVIDIA T4"), gpu(1, "NVIDIA H100"), devices=())) is None


@pytest.mark.parametrize(
    "origin", [env_line("CUDA_VISIBLE_DEVICES"), environ("CUDA_VISIBLE_DEVICES")]
)
def test_facts_without_the_training_s_own_list_have_it_in_the_settings(origin: Origin) -> None:
    facts = with_setting(machine(gpu(0), gpu(1)), "CUDA_VISIBLE_DEVICES", "1", origin)
    card = chosen(facts)
    assert card is not None and card.index == 1


@pytest.mark.parametrize(
    ("capability", "archs", "well"),
    [
        ("8.9", ["sm_80"], True),
        ("8.6", ["sm_89"], False),
        ("12.0", ["sm_50", "sm_90"], False),
        ("12.0", ["sm_90", "compute_90"], True),  # PTX
        ("12.1", ["sm_120"], True),
        ("10.3", ["sm_100"], True),
        ("7.0", ["sm_75", "compute_120"], False),
        ("9.0", ["sm_90a"], True),
        ("10.3", ["sm_100a"], False),
        ("10.3", ["sm_100f"], True),
        ("8.7", ["sm_80"], False),  # Jetson Orin
        ("8.7", ["sm_87"], True),
        ("12.0", ["sm_zz"], True),
        ("?", ["sm_50"], True),
        ("12.0", [], False),
    ],
)
def test_code_runs_on_its_own_generation(capability: str, archs: list[str], well: bool) -> None:
    assert runs(capability, tuple(archs)) is well


@pytest.mark.parametrize(
    ("capability", "driver", "wheel"),
    [
        ("12.0", "580.65.06", "cu130"),
        ("12.0", "570.86.10", "cu128"),
        ("9.0", "615.71.09", "cu130"),
        ("8.6", "535.104.05", "cu126"),
        ("6.1", "580.95.05", "cu126"),
        ("3.5", "580.95.05", None),
        ("8.6", "470.256.02", None),
    ],
)
def test_the_index_for_a_card_and_a_driver(capability: str, driver: str, wheel: str | None) -> None:
    assert wheel_for(Accelerator((gpu(0, capability=capability),), driver)) == wheel


def crowded(free: int) -> Facts:
    """24 GiB, of which others hold the most; Qwen3-1.7B would fit the whole card."""
    held = (Holder(4711, 18 * GIB, "python", True),)
    card = Gpu(0, "RTX 4090", 24 * GIB, free * GIB, "8.9", "GPU-11111111", holders=held)
    facts = machine(card)
    listing = facts.listing["modelscope"]
    assert isinstance(listing, Known)
    found = Known(replace(listing.value, architecture=QWEN3["Qwen/Qwen3-1.7B"]))
    return replace(facts, listing={"modelscope": found, "huggingface": found})


def test_too_little_memory_follows_from_the_programs_that_hold_it() -> None:
    report = rejudge(crowded(3), Options(("gpu", "mem")))
    busy, short = report.findings
    assert (busy.code, short.code, short.because) == ("GPU508", "MEM950", "GPU508")
    assert busy.severity is Severity.ERROR
    assert "the training needs about" in busy.message.en and "训练约需" in busy.message.zh


def test_a_training_that_fits_beside_them_is_left_alone() -> None:
    assert rejudge(crowded(14), Options(("gpu", "mem"))).findings == ()


def test_a_card_that_is_too_small_anyhow_is_not_their_fault() -> None:
    facts = crowded(3)
    listing = facts.listing["modelscope"]
    assert isinstance(listing, Known)
    huge = Known(replace(listing.value, architecture=QWEN3["Qwen/Qwen3-32B"]))
    report = rejudge(
        replace(facts, listing={"modelscope": huge, "huggingface": huge}), Options(("gpu", "mem"))
    )
    assert [finding.code for finding in report.findings] == ["MEM950"]
    assert report.findings[0].because is None
