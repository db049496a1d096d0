"""Imports the modules named, torch first, and prints how it went as a line of JSON each. Run as a script."""

from __future__ import annotations

import importlib
import json
import sys


def attempt(name: str) -> str:
    """ "" or the error in Python's own words."""
    try:
        module = importlib.import_module(name)
        if name == "bitsandbytes":
            return of_bitsandbytes(module)
    except (
        BaseException
    ) as error:  # a broken extension raises whatever it likes, SystemExit included
        return f"{type(error).__name__}: {error}"
    return ""


def of_bitsandbytes(module: object) -> str:
    """It is imported without a word where its library for this CUDA is missing, and fails at the first layer."""
    import torch

    library = importlib.import_module("bitsandbytes.cextension").lib
    if torch.cuda.is_available() and not getattr(library, "compiled_with_cuda", True):
        return f"its library was built without CUDA ({library})"
    return ""


def main(names: list[str]) -> None:
    for name in ("torch", *names):
        print(json.dumps({"tried": name, "error": attempt(name)}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
