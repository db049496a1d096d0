"""Facts files of `--save` and `--facts`: written in one step and for the user alone, read with a size in mind."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path

from qtune.core.errors import UsageError
from qtune.core.text import Text
from qtune.doctor import codec
from qtune.doctor.facts import Facts

_LARGEST = 16 << 20


def load(path: Path) -> Facts:
    """Raises UsageError CFG091."""
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST + 1)
        text = data.decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8"
        raise UsageError(
            "CFG091", Text(f"cannot read {path}: {reason}", f"无法读取 {path}：{reason}")
        ) from error
    if len(data) > _LARGEST:
        raise UsageError("CFG091", Text(f"{path} is too large", f"{path} 过大"))
    return codec.load(text)


def check_place(path: Path) -> None:
    """Raises UsageError CFG092 before a minute is spent on what could not be saved."""
    if path.is_dir() or not os.access(path.absolute().parent, os.W_OK):
        raise _cannot(path, "")


def save(facts: Facts, path: Path) -> None:
    try:
        handle, name = tempfile.mkstemp(prefix=".facts-", dir=path.absolute().parent)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:  # mkstemp made it 0600
                file.write(codec.dump(facts))
            Path(name).replace(path)
        except BaseException:
            with contextlib.suppress(OSError):
                Path(name).unlink()
            raise
    except OSError as error:
        raise _cannot(path, error.strerror or str(error)) from error


def _cannot(path: Path, reason: str) -> UsageError:
    tail = f": {reason}" if reason else ""
    return UsageError("CFG092", Text(f"cannot write {path}{tail}", f"无法写入 {path}{tail}"))
