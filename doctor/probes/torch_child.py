"""Imports torch and prints what it says of itself as one line of JSON. Run as a script, in a child process."""

from __future__ import annotations

import json


def look() -> dict[str, object]:
    import torch

    cuda = torch.cuda
    available = bool(cuda.is_available())
    devices = (
        [str(cuda.get_device_name(i)) for i in range(cuda.device_count())] if available else []
    )
    return {
        "version": str(torch.__version__),
        "cuda": torch.version.cuda or "",
        "hip": getattr(torch.version, "hip", None) or "",
        "available": available,
        "devices": devices,
        "bf16": available and cuda.get_device_capability(0) >= (8, 0),
        "mps": bool(torch.backends.mps.is_available()),
    }


def main() -> None:
    try:
        answer = look()
    except BaseException as error:  # a broken torch raises whatever it likes, SystemExit included
        answer = {"error": f"{type(error).__name__}: {error}"}
    print("\n" + json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
