"""The GPUs, as the system and torch see them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Slice:
    """A MIG instance of a GPU: `uuid` is what CUDA_VISIBLE_DEVICES takes. Memory in bytes."""

    uuid: str
    name: str
    memory_total: int
    memory_free: int


@dataclass(frozen=True)
class Holder:
    """A program that computes on a GPU. `name` is told for the user's own programs only.

    `memory` in bytes, 0 where the driver does not tell it.
    """

    pid: int
    memory: int
    name: str = ""
    own: bool = False


@dataclass(frozen=True)
class Wear:
    """What the GPU's memory has suffered. `uncorrected`: errors since the driver was loaded.

    `pending`: a restart would put spare memory in the place of bad; `failed`: no spare was left for it.
    """

    uncorrected: int = 0
    pending: bool = False
    failed: bool = False

    @property
    def ok(self) -> bool:
        return not (self.uncorrected or self.pending or self.failed)


@dataclass(frozen=True)
class Gpu:
    """Memory in bytes; `capability` is CUDA's, such as 8.9. `uuid` is cut to GPU- and eight digits.

    `mode` is the compute mode ("" where not told); `slowed` names why its clocks are held down right now.
    """

    index: int
    name: str
    memory_total: int
    memory_free: int
    capability: str = ""
    uuid: str = ""
    mode: Literal["", "default", "prohibited", "exclusive"] = ""
    mig: bool = False
    slices: tuple[Slice, ...] = ()
    holders: tuple[Holder, ...] = ()
    wear: Wear = Wear()
    slowed: tuple[str, ...] = ()


@dataclass(frozen=True)
class Surroundings:
    """Where the programs run that want the GPU, and what of it was let in.

    `nodes`: /dev/nvidia* is there (None: the system has no such files). `passed` is NVIDIA_VISIBLE_DEVICES.
    `wsl` is 1 or 2 (0: no WSL), `windows_driver`: Windows has NVIDIA's driver, `wsl_library`: and lends its
    library to WSL; `linux_library` is one of a Linux driver that hides it. `amd`: an AMD GPU, whose device file
    is ready, forbidden to this user, or absent. `others` names accelerators that only their maker's torch can
    use. `xids` are faults that the kernel wrote down.
    """

    container: str = ""
    nodes: bool | None = None
    passed: str = ""
    wsl: int = 0
    windows_driver: bool = False
    wsl_library: bool = False
    linux_library: str = ""
    amd: Literal["", "ready", "forbidden", "absent"] = ""
    others: tuple[str, ...] = ()
    xids: tuple[str, ...] = ()


@dataclass(frozen=True)
class Accelerator:
    """What the system says of NVIDIA GPUs, asked without torch.

    `pci`: an NVIDIA device is on the bus (None: cannot be told). `error`: NVML's own words, `status` its number
    for them. `driver` is the kernel's part of the driver, `library` the programs'. `lost` are GPUs that no
    longer answer. `visible` is the CUDA_VISIBLE_DEVICES that a training gets; None: it is not set.
    """

    gpus: tuple[Gpu, ...]
    driver: str = ""
    pci: bool | None = None
    error: str = ""
    how: Literal["nvml", "nvidia-smi", "none"] = "none"
    status: int = 0
    library: str = ""
    lost: tuple[str, ...] = ()
    visible: str | None = None
    around: Surroundings = Surroundings()


@dataclass(frozen=True)
class TorchBuild:
    """What torch says of itself, asked in a child process. `cuda` is the version it was built for.

    `archs` are the GPU generations it has code for; `uuids` and `capabilities` are its devices', in its order.
    `tried` is what was computed on the device that would train ("cuda bfloat16"), `kernel` how that ended.
    """

    installed: bool
    version: str = ""
    cuda: str = ""
    hip: str = ""
    available: bool = False
    devices: tuple[str, ...] = ()
    bf16: bool = False
    mps: bool = False
    error: str = ""
    capabilities: tuple[str, ...] = ()
    uuids: tuple[str, ...] = ()
    archs: tuple[str, ...] = ()
    xpu: bool = False
    warning: str = ""
    tried: str = ""
    kernel: Literal["", "ok", "failed", "hung", "crashed"] = ""
    kernel_error: str = ""
