"""Chooses the device, the number format and the CPU threads, each with the reason."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import torch

from qtune.core.processors import cores
from qtune.core.text import Text
from qtune.train.causes import failure

DTYPES = {
    "bfloat16": torch.bfloat16,
    "float16": torch.float16,
    "float32": torch.float32,
}


@dataclass(frozen=True)
class Placement:
    """`device` is cuda, mps or cpu; `reasons` say why, one line each."""

    device: str
    dtype: torch.dtype
    reasons: tuple[Text, ...]


def choose(device: str, dtype: str) -> Placement:
    """From QTUNE_DEVICE and QTUNE_DTYPE; raises TrainError for what the machine does not have."""
    place, place_reason = _device(device)
    number, number_reason = _dtype(dtype, place)
    return Placement(place, number, (place_reason, number_reason))


def _device(wanted: str) -> tuple[str, Text]:
    available = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    if wanted != "auto":
        if not available.get(wanted):
            raise failure("TRN014", Text(f"QTUNE_DEVICE={wanted}", f"QTUNE_DEVICE={wanted}"))
        return wanted, Text(
            f"device {wanted}: QTUNE_DEVICE", f"设备 {wanted}：由 QTUNE_DEVICE 指定"
        )
    if available["cuda"]:
        name = torch.cuda.get_device_name()  # in a gang each rank has taken its own
        count = torch.cuda.device_count()
        if count > 1 and "LOCAL_RANK" not in os.environ:
            return "cuda", Text(
                f"device cuda: {name}, the first of {count} GPUs; --nproc auto takes them all",
                f"设备 cuda：{name}，共 {count} 张卡，只用第一张；--nproc auto 会用上全部",
            )
        return "cuda", Text(f"device cuda: {name}", f"设备 cuda：{name}")
    if available["mps"]:
        return "mps", Text("device mps: Apple's GPU", "设备 mps：苹果 GPU")
    return "cpu", Text("device cpu: torch sees no GPU", "设备 cpu：torch 没有找到 GPU")


def _dtype(wanted: str, device: str) -> tuple[torch.dtype, Text]:
    if wanted != "auto":
        if wanted == "float16" and device != "cuda":
            raise failure(
                "TRN014",
                Text(f"float16 on {device} cannot be trained", f"{device} 上无法用 float16 训练"),
            )
        return DTYPES[wanted], Text(
            f"number format {wanted}: QTUNE_DTYPE", f"数值格式 {wanted}：由 QTUNE_DTYPE 指定"
        )
    # torch says bf16 is "supported" where it is only emulated; it is real from Ampere (8.0) on.
    if device == "cuda" and torch.cuda.get_device_capability(0) >= (8, 0):
        return torch.bfloat16, Text(
            "number format bfloat16: the GPU computes in it", "数值格式 bfloat16：GPU 原生支持"
        )
    return torch.float32, Text(
        f"number format float32: no real bfloat16 on this {device}",
        f"数值格式 float32：{device} 没有原生的 bfloat16 支持",
    )


def limit_threads(root: Path = Path("/")) -> int:
    """As many threads as this process may use cores, not as many as the machine has."""
    if "OMP_NUM_THREADS" in os.environ:
        return torch.get_num_threads()
    threads = min(cores(root), torch.get_num_threads())
    torch.set_num_threads(threads)
    return threads
