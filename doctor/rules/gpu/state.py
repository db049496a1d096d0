"""What is the matter with the driver, in the words of the one rule that tells it; the others keep silent."""

from __future__ import annotations

import re

from qtune.doctor.facts import Accelerator

_MISMATCH, _GONE = 18, (15, 16)  # NVML_ERROR_LIB_RM_VERSION_MISMATCH, _GPU_IS_LOST, _RESET_REQUIRED


def mismatched(seen: Accelerator) -> bool:
    """GPU502: the programs' part of the driver is of another version than the kernel's."""
    return seen.status == _MISMATCH or "version mismatch" in seen.error.lower()


def library_version(seen: Accelerator) -> str:
    """Of the programs' part: from the file that was loaded, or as nvidia-smi says it."""
    told = re.search(r"NVML library version:?\s*(\d[\d.]*)", seen.error)
    return seen.library or (told[1] if told else "")


def gone(seen: Accelerator) -> bool:
    """GPU509: a card that was there no longer answers."""
    return bool(seen.lost) or seen.status in _GONE


def shut_out(seen: Accelerator) -> bool:
    """GPU513: the host has a GPU, and this container was started without it."""
    around = seen.around
    return (
        bool(around.container)
        and around.nodes is False
        and not around.wsl
        and not seen.gpus
        and not mismatched(seen)
        and bool(seen.pci or seen.driver)
    )


def wsl_without_gpu(seen: Accelerator) -> bool:
    """GPU514: Windows has NVIDIA's driver, and nothing of it works in WSL."""
    around = seen.around
    hints = around.windows_driver or around.wsl_library or around.linux_library
    return bool(around.wsl) and not seen.gpus and bool(hints)


def elsewhere(seen: Accelerator) -> bool:
    """GPU515: an accelerator of another maker."""
    return bool(seen.around.amd or seen.around.others)


def told_elsewhere(seen: Accelerator) -> bool:
    """Is there a better answer to "why is there no GPU" than that there is none, or no driver?"""
    return mismatched(seen) or gone(seen) or shut_out(seen) or wsl_without_gpu(seen)
