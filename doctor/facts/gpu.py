"""The GPUs, as the system and torch see them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Gpu:
    """Memory in bytes; `capability` is CUDA's, such as 8.9."""

    index: int
    name: str
    memory_total: int
    memory_free: int
    capability: str = ""


@dataclass(frozen=True)
class Accelerator:
    """What the system says of NVIDIA GPUs, asked without torch.

    `pci`: an NVIDIA device is on the bus (None: cannot be told). `error`: NVML's own words.
    """

    gpus: tuple[Gpu, ...]
    driver: str = ""
    pci: bool | None = None
    error: str = ""
    how: Literal["nvml", "nvidia-smi", "none"] = "none"


@dataclass(frozen=True)
class TorchBuild:
    """What torch says of itself, asked in a child process. `cuda` is the version it was built for."""

    installed: bool
    version: str = ""
    cuda: str = ""
    hip: str = ""
    available: bool = False
    devices: tuple[str, ...] = ()
    bf16: bool = False
    mps: bool = False
    error: str = ""
