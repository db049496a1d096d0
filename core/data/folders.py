"""The data files of a folder: all below it, sorted by name, each once however links lead around."""

from __future__ import annotations

import os
from pathlib import Path

from qtune.core.data.files import is_data

# JSON that stands beside data and is none: what `datasets`, LLaMA-Factory and others keep there.
NOT_ROWS = frozenset(
    {"dataset_info.json", "dataset_infos.json", "state.json", "dataset_dict.json", "package.json"}
)


def inside(folder: Path) -> list[str]:
    """Relative, with slashes. What begins with a dot or an underscore is nobody's data."""
    found: list[str] = []
    seen: set[tuple[int, int]] = set()
    waiting = [folder]
    while waiting:
        here = waiting.pop()
        try:
            stat = here.stat()
            entries = sorted(os.scandir(here), key=lambda entry: entry.name)
        except OSError:
            continue  # a link that leads nowhere, or what may not be read
        if (stat.st_dev, stat.st_ino) in seen and stat.st_ino:
            continue
        seen.add((stat.st_dev, stat.st_ino))
        for entry in entries:
            if entry.name.startswith((".", "_")):
                continue
            path = Path(entry.path)
            try:
                if entry.is_dir():
                    waiting.append(path)
                elif entry.is_file() and is_rows(entry.name):
                    found.append(path.relative_to(folder).as_posix())
            except OSError:
                continue
    return sorted(found)


def is_rows(path: str) -> bool:
    return is_data(path) and path.rpartition("/")[2].lower() not in NOT_ROWS
