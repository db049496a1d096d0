"""Imports torch, prints what it says of itself as one line of JSON, then computes on the GPU and prints how
that went as another. Run as a script, in a child process."""

from __future__ import annotations

import faulthandler
import json
import sys
import time
import warnings
from typing import Any

_AT_MOST = 10.0  # seconds for the computation


def look(device: str, number: str) -> dict[str, Any]:
    """`device` and `number` are QTUNE_DEVICE and QTUNE_DTYPE."""
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        import torch

        cuda = torch.cuda
        available = bool(cuda.is_available())
        count = int(cuda.device_count()) if available else 0
    capabilities = [cuda.get_device_capability(i) for i in range(count)]
    mps = bool(torch.backends.mps.is_available())
    place = place_of(device, count > 0, mps)
    return {
        "version": str(torch.__version__),
        "cuda": torch.version.cuda or "",
        "hip": getattr(torch.version, "hip", None) or "",
        "available": available,
        "devices": [str(cuda.get_device_name(i)) for i in range(count)],
        "capabilities": [f"{major}.{minor}" for major, minor in capabilities],
        "uuids": [uuid(cuda, i) for i in range(count)],
        "archs": [str(arch) for arch in cuda.get_arch_list()] if available else [],
        "bf16": bool(capabilities) and capabilities[0] >= (8, 0),
        "mps": mps,
        "xpu": has_xpu(torch),
        "warning": next((str(one.message) for one in said if "CUDA" in str(one.message)), ""),
        "tried": f"{place} {format_of(number, place, capabilities)}" if place else "",
    }


def place_of(device: str, cuda: bool, mps: bool) -> str:
    """Where a training would compute, as train.device chooses it; "" for the CPU, which needs no proof."""
    if device in ("cpu", "mps"):
        return "mps" if device == "mps" and mps else ""
    if cuda:
        return "cuda"
    return "mps" if mps and device == "auto" else ""


def format_of(number: str, place: str, capabilities: list[tuple[int, int]]) -> str:
    """As train.device chooses it."""
    if number != "auto":
        return number
    return "bfloat16" if place == "cuda" and capabilities[0] >= (8, 0) else "float32"


def uuid(cuda: Any, index: int) -> str:
    return str(getattr(cuda.get_device_properties(index), "uuid", ""))


def has_xpu(torch: Any) -> bool:
    try:
        return bool(torch.xpu.is_available())
    except (AttributeError, RuntimeError):
        return False


def compute(tried: str) -> None:
    """A step of training in small, forward and backward, in the very format. Raises what torch raises."""
    import torch

    place, number = tried.split()
    torch.manual_seed(0)
    dtype = getattr(torch, number)
    weight = torch.randn(64, 64, device=place, dtype=dtype, requires_grad=True)
    rows = torch.randn(8, 64, device=place, dtype=dtype)
    loss = torch.nn.functional.silu(rows @ weight).float().square().mean()
    loss.backward()  # type: ignore[no-untyped-call]
    assert weight.grad is not None
    total = float(weight.grad.float().abs().sum())
    if not 0 < total < float("inf"):
        raise ArithmeticError(f"the gradient of a matrix product came out as {total}")


def tell(answer: dict[str, Any]) -> None:
    print("\n" + json.dumps(answer), flush=True)


def main(device: str = "auto", number: str = "auto", seconds: str = "20") -> None:
    end = time.monotonic() + float(seconds)
    try:
        answer = look(device, number)
    except BaseException as error:  # a broken torch raises whatever it likes, SystemExit included
        tell({"error": f"{type(error).__name__}: {error}"})
        return
    tell(answer)
    if not answer["tried"]:
        return
    # A kernel that never ends holds the interpreter: this watch is a thread of C, and ends the process.
    left = max(min(_AT_MOST, end - time.monotonic()), 1.0)
    faulthandler.dump_traceback_later(left, exit=True)
    try:
        compute(answer["tried"])
    except BaseException as error:
        tell({"kernel": "failed", "error": f"{type(error).__name__}: {error}"})
    else:
        tell({"kernel": "ok"})
    faulthandler.cancel_dump_traceback_later()


if __name__ == "__main__":
    main(*sys.argv[1:])
