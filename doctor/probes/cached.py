"""What of the model lies on this machine already: whole, broken, left behind, or somebody else's."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from qtune.core.locations import hub_cache
from qtune.doctor.context import Context
from qtune.doctor.facts import BrokenFile, Facts, Known, Leftover, ModelFolder
from qtune.doctor.probes.disk import owner_of
from qtune.doctor.probes.listing import folder_name
from qtune.doctor.probes.weights import broken

Program = Literal["huggingface_hub", "modelscope"]

# Another program may be writing to it just now.
_IDLE_S = 600
_MOST = 2000  # files looked at in one folder; a model has some dozens
# Where ModelScope's clients up to 1.37 put what is not yet whole, below MODELSCOPE_CACHE.
_TEMPORARY = ("._____temp", "hub/._____temp", "models/._____temp", "hub/models/._____temp")
_NEEDED = ("config.json", "tokenizer.json", "tokenizer_config.json", "model.safetensors.index.json")


def probe(context: Context, seen: Facts) -> Known[ModelFolder]:
    if context.goal.local:
        named = context.root / Path(context.goal.model).expanduser()
        return Known(ModelFolder(str(named), named.is_dir(), broken=tuple(_broken(named))))
    folder = context.root / hub_cache(context.settings) / folder_name(context.goal.model)
    left = (*_incomplete(folder), *_temporary(context))
    if not folder.is_dir():
        return Known(ModelFolder(str(folder), False, left=left))
    closed = _closed(folder)
    return Known(
        ModelFolder(
            str(folder),
            True,
            str(closed) if closed else "",
            owner_of(closed) if closed else "",
            sum(_size(path) for path in _files(folder / "blobs") if "." not in path.name),
            left,
            tuple(found for shot in _snapshots(folder) for found in _broken(shot)),
        )
    )


def _closed(folder: Path) -> Path | None:
    """The first of the folders that a download writes to in which the system allows no new file."""
    below = ("", "blobs", "snapshots", "refs", ".qtune", ".qtune/partial")
    for path in (folder / name for name in below):
        if path.is_dir() and not os.access(path, os.W_OK | os.X_OK):
            return path
    return None


def _snapshots(folder: Path) -> list[Path]:
    """Those that a branch points at; what older ones hold is nobody's loss."""
    refs = [*_files(folder / "refs"), *_files(folder / "refs/modelscope")]
    commits = {path.read_text("ascii", "replace").strip() for path in refs if path.is_file()}
    return [path for path in _files(folder / "snapshots") if path.name in commits]


def _broken(folder: Path) -> Iterator[BrokenFile]:
    for path in _files(folder):
        if path.suffix == ".safetensors" or path.name in _NEEDED:
            found = broken(path)
            if found is not None:
                yield found


def _incomplete(folder: Path) -> Iterator[Leftover]:
    """huggingface_hub begins anew after an interruption, and leaves the old beginning where it lies."""
    idle = [path for path in _files(folder / "blobs") if path.name.endswith(".incomplete")]
    yield from _leftover("huggingface_hub", folder / "blobs", idle)


def _temporary(context: Context) -> Iterator[Leftover]:
    cache = context.settings.path("MODELSCOPE_CACHE")
    owner, _, name = context.goal.model.partition("/")
    if cache is None or not name:
        return
    for place in _TEMPORARY:
        for written in dict.fromkeys((name, name.replace(".", "___"))):
            folder = context.root / cache / place / owner / written
            yield from _leftover("modelscope", folder, [p for p in _files(folder) if p.is_file()])


def _leftover(by: Program, folder: Path, files: list[Path]) -> Iterator[Leftover]:
    now = time.time()
    if files and all(now - _changed(path) > _IDLE_S for path in files):
        yield Leftover(by, str(folder), len(files), sum(map(_size, files)))


def _files(folder: Path) -> list[Path]:
    try:
        with os.scandir(folder) as entries:
            return sorted(Path(entry.path) for entry, _ in zip(entries, range(_MOST), strict=False))
    except (OSError, ValueError):
        return []


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _changed(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0
