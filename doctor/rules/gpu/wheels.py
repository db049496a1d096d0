"""Which build of torch suits a driver and a card, and from which of PyTorch's indexes it comes."""

from __future__ import annotations

from qtune.doctor.facts import Accelerator

AMPERE = 8.0  # compute capability from which on bfloat16 is real, as in train.device

# NVIDIA's table of the oldest driver for each major version of CUDA.
LEAST_DRIVER = {13: 580, 12: 525, 11: 450}
# PyTorch's index for each of them. cu126 has the builds for old cards, up to torch 2.14; cu128 stays at
# torch 2.11, the last that was built for CUDA 12.8, and is the only one for new cards on a driver below 580.
_WHEELS = ((580, "cu130"), (525, "cu126"))
_BLACKWELL = 10.0  # compute capability from which on CUDA 12.8 is the least
_TURING = 7.5  # and below which CUDA 13 no longer goes
_MAXWELL = 5.0  # and below which no build goes
PICK = "https://pytorch.org/get-started/locally/"
DRIVERS = "https://www.nvidia.com/drivers"


def wheel_for(seen: Accelerator) -> str | None:
    """PyTorch's index for this driver and card; None where the driver or the card is too old, or not known."""
    major = major_of(seen.driver)
    wheel = next((name for least, name in _WHEELS if major is not None and major >= least), None)
    found = [value for gpu in seen.gpus if (value := number(gpu.capability))]
    if min(found, default=_MAXWELL) < _MAXWELL:
        return None
    if wheel == "cu126" and max(found, default=0.0) >= _BLACKWELL:
        return "cu128"
    return "cu126" if wheel == "cu130" and min(found, default=_TURING) < _TURING else wheel


def install(wheel: str) -> str:
    """Reinstalled, as pip takes 2.9.0+cpu for as good as 2.9.0+cu126."""
    return (
        f"pip install --force-reinstall torch --index-url https://download.pytorch.org/whl/{wheel}"
    )


def major_of(version: str) -> int | None:
    """580 of 580.95.05, 13 of 13.0."""
    major = version.partition(".")[0]
    return int(major) if major.isdecimal() and len(major) < 6 else None


def number(capability: str) -> float:
    """8.9 of "8.9"; 0 where it is not known."""
    try:
        return float(capability)
    except ValueError:
        return 0.0
