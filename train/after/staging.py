"""A folder that appears whole or not at all."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from qtune.core.text import plain
from qtune.train import checkpoints
from qtune.train.causes import failure
from qtune.train.mishaps import translate

_MARK = ".exporting-"
_BYTES = {"float32": 4, "bfloat16": 2, "float16": 2}


@contextmanager
def staged(target: Path) -> Iterator[Path]:
    """A folder beside `target`, which becomes `target` when the block ends well, and else is gone.

    Raises TrainError TRN106 where `target` holds something already, TRN024 where nothing can be written.
    """
    if target.is_symlink() or (target.exists() and (not target.is_dir() or any(target.iterdir()))):
        raise failure("TRN106", plain(str(target)))
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        for left in target.parent.glob(f".{target.name}{_MARK}*"):  # of one that was killed
            shutil.rmtree(left, ignore_errors=True)
        into = Path(tempfile.mkdtemp(prefix=f".{target.name}{_MARK}", dir=target.parent))
    except OSError as error:
        cannot = failure("TRN024", plain(f"{target}: {error.strerror}"))
        raise translate(error) or cannot from error
    try:
        yield into
        checkpoints.seal(into)  # and has every byte on the disk
        into.chmod(0o755)
        if target.is_dir():
            target.rmdir()
        into.rename(target)
        checkpoints.flush(target.parent)
    finally:
        shutil.rmtree(into, ignore_errors=True)


def needed(model: Path | None, dtype: str) -> int:
    """About how many bytes the model will take in this number format; 0 where nobody can say."""
    if model is None or not model.is_dir():
        return 0
    size = sum(path.stat().st_size for path in model.glob("*.safetensors"))
    try:
        config = json.loads((model / "config.json").read_text(encoding="utf-8"))
        stored = str(config.get("dtype") or config.get("torch_dtype"))
    except (OSError, ValueError, AttributeError):
        stored = ""
    factor = _BYTES[dtype] / _BYTES[stored] if dtype in _BYTES and stored in _BYTES else 1.0
    return int(size * factor * 1.02) + (64 << 20)
