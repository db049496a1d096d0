"""A ready-to-send report of a bug in qtune: the traceback, versions and platform, without secrets."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import sys
import traceback
from datetime import datetime
from pathlib import Path

from qtune import __version__
from qtune.core.locations import user_cache
from qtune.core.secret import redact

_NAMED = (
    "click", "rich", "httpx", "huggingface_hub", "modelscope",
    "torch", "transformers", "peft", "accelerate", "datasets",
)  # fmt: skip


def compose(error: BaseException) -> str:
    lines = [
        f"qtune {__version__}",
        f"command: {' '.join(['qtune', *sys.argv[1:]])}",
        f"python: {platform.python_version()} ({platform.python_implementation()})",
        f"platform: {platform.platform()}",
        *(f"{name}: {_version(name)}" for name in _NAMED),
        "",
        "".join(traceback.format_exception(error)),
    ]
    return redact("\n".join(lines).replace(str(Path.home()), "~"))


def write(error: BaseException) -> Path | None:
    """The report's file in the user's cache, readable by the user alone; None where none can be written."""
    folder = user_cache() / "bugs"
    path = folder / f"qtune-{datetime.now():%Y%m%d-%H%M%S}-{os.getpid()}.txt"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(compose(error))
    except OSError:
        return None
    return path


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "-"
