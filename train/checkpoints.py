"""Checkpoints that are whole or not there: sealed with the size and hash of every file.

A checkpoint is written under a name that nobody reads, sealed, flushed to the disk, and renamed.
What a kill leaves behind has the wrong name; what a failing disk spoils does not fit its seal.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

SEAL = "qtune-seal.json"
STAGING = ".saving"
NAME = re.compile(r"checkpoint-(\d+)")


@dataclass(frozen=True)
class Found:
    """The newest good checkpoint (None when there is none) and the folders that were not good."""

    newest: Path | None
    step: int
    removed: tuple[str, ...]


def seal(folder: Path) -> None:
    """Write down what belongs to the checkpoint, and have it all on the disk."""
    files = {str(path.relative_to(folder).as_posix()): _print(path) for path in _files(folder)}
    with (folder / SEAL).open("w", encoding="utf-8") as file:
        json.dump({"files": files}, file, indent=1)
        file.flush()
        os.fsync(file.fileno())


def commit(staged: Path, folder: Path) -> None:
    """Seal and rename into place; a whole checkpoint of the same step is kept as it is."""
    seal(staged)
    if folder.exists():
        if is_whole(folder):
            shutil.rmtree(staged)
            return
        shutil.rmtree(folder)
    staged.rename(folder)
    flush(folder.parent)


def is_whole(folder: Path) -> bool:
    try:
        sealed = json.loads((folder / SEAL).read_text(encoding="utf-8"))["files"]
        return bool(sealed) and all(
            _print(folder / name) == expected for name, expected in sealed.items()
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False


def find(run: Path) -> Found:
    """The checkpoint to resume from. Torn ones and leftovers of a kill are removed."""
    shutil.rmtree(run / STAGING, ignore_errors=True)
    removed: list[str] = []
    for step, folder in sorted(_all(run), reverse=True):
        if is_whole(folder):
            return Found(folder, step, tuple(removed))
        shutil.rmtree(folder)
        removed.append(folder.name)
    return Found(None, 0, tuple(removed))


def rotate(run: Path, limit: int | None, best: int | None = None) -> None:
    """Keep the newest `limit` checkpoints, and that of the step `best`."""
    for step, folder in sorted(_all(run))[: -limit if limit else 0]:
        if step == best:
            continue
        # First out of sight, so that a kill in the middle leaves no half checkpoint behind.
        hidden = run / STAGING / folder.name
        hidden.parent.mkdir(exist_ok=True)
        folder.rename(hidden)
        shutil.rmtree(hidden)


def newest(run: Path) -> str | None:
    """The name of the last whole checkpoint; nothing is removed."""
    return next((f.name for _, f in sorted(_all(run), reverse=True) if is_whole(f)), None)


def exist(run: Path) -> bool:
    return any(True for _ in _all(run))


def flush(folder: Path) -> None:
    """Have a rename on the disk, where the system can open folders (Windows cannot)."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _all(run: Path) -> Iterator[tuple[int, Path]]:
    for folder in run.iterdir() if run.is_dir() else ():
        match = NAME.fullmatch(folder.name)
        if match and folder.is_dir():
            yield int(match[1]), folder


def _files(folder: Path) -> Iterator[Path]:
    yield from (p for p in sorted(folder.rglob("*")) if p.is_file() and p.name != SEAL)


def _print(path: Path) -> dict[str, object]:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        if os.name == "posix":  # read-only handles cannot be flushed elsewhere
            os.fsync(file.fileno())
    return {"size": path.stat().st_size, "sha256": digest}
