"""The folders that will be written to: how much is free, and can a file really be made there?"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from qtune.core.locations import hub_cache
from qtune.doctor.context import Context
from qtune.doctor.facts import Disk, Facts, Known, Place


def probe(context: Context, seen: Facts) -> Known[Disk]:
    cache = place(context.root / hub_cache(context.settings))
    output = None
    if context.goal.kind == "train":
        wanted = context.goal.output_dir or context.settings.text("QTUNE_OUTPUT_DIR")
        output = place(context.root / Path(wanted).expanduser())
    return Known(Disk(cache, output))


def place(path: Path) -> Place:
    """`path` need not exist yet: what counts is the nearest folder above it that does."""
    folder = _nearest(path)
    try:
        free, device = shutil.disk_usage(folder).free, folder.stat().st_dev
    except (OSError, ValueError) as error:
        return Place(str(path), 0, False, 0, _words(error))
    error_text = "" if folder.is_dir() else f"{folder} is a file, not a folder"
    error_text = error_text or _write(folder)
    return Place(str(path), free, not error_text, device, error_text)


def _nearest(path: Path) -> Path:
    for folder in (path, *path.parents):
        try:
            folder.stat()
        except (FileNotFoundError, NotADirectoryError):
            continue
        except (OSError, ValueError):
            return folder
        return folder
    return path


def _write(folder: Path) -> str:
    """Make a file, rename it and take it away again; "" or what the system said."""
    left: list[Path] = []
    try:
        handle, name = tempfile.mkstemp(prefix=".qtune-", dir=folder)
        left = [Path(name)]
        with os.fdopen(handle, "wb") as file:
            file.write(b"qtune\n")
            file.flush()
            os.fsync(file.fileno())
        renamed = Path(f"{name}.renamed")
        left.append(renamed)
        Path(name).replace(renamed)
    except OSError as error:
        return _words(error)
    finally:
        for path in left:
            path.unlink(missing_ok=True)
    return ""


def _words(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
