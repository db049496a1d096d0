"""Tokenized data is kept in the user's cache, under a digest of all that it was made from.

An entry is there whole or not at all; one that no longer fits its seal is made anew. The few that were
used last are kept.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import time
import weakref
from collections.abc import Callable, Iterable
from importlib.metadata import version
from pathlib import Path
from typing import Any

from qtune.core.locations import user_cache
from qtune.train import checkpoints
from qtune.train.texts.making import Recipe
from qtune.train.texts.template import control_tokens

# Raised when the same rows come to be written or tokenized otherwise.
VERSION = 2
KEPT = 8
STALE_S = 48 * 3600
LIBRARIES = ("transformers", "tokenizers", "jinja2")


def root() -> Path:
    return user_cache() / "texts"


def digest(tokenizer: Any, recipe: Recipe, values: Iterable[object]) -> str | None:
    """Of tokenizer, template, recipe and all values; None for a tokenizer that cannot be told by its parts."""
    if not tokenizer.is_fast:
        return None
    parts = [
        f"{VERSION} {recipe!r}",
        *(f"{name} {version(name)}" for name in LIBRARIES),
        repr(tokenizer.chat_template),
        repr((tokenizer.eos_token_id, tokenizer.bos_token_id, control_tokens(tokenizer))),
        repr(sorted(tokenizer.special_tokens_map.items(), key=str)),
        tokenizer.backend_tokenizer.to_str(),
    ]
    made_of = hashlib.sha256()
    for part in parts:
        made_of.update(hashlib.sha256(part.encode("utf-8", "surrogatepass")).digest())
    for value in values:
        made_of.update(repr(value).encode("utf-8", "surrogatepass"))
    return made_of.hexdigest()[:32]


def kept(name: str | None, build: Callable[[Path], None]) -> tuple[Path, Any]:
    """The folder of an entry, built unless it is there, and what must live as long as it is used."""
    if name is None:
        return _aside(build)
    folder = root() / name
    try:
        if not checkpoints.is_whole(folder):
            _build(folder, build)
        os.utime(folder)
        _forget(folder.parent, folder)
    except OSError:  # a full or read-only cache is no reason not to train
        return _aside(build)
    return folder, None


def _build(folder: Path, build: Callable[[Path], None]) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    staged = Path(tempfile.mkdtemp(prefix=".making-", dir=folder.parent))
    try:
        build(staged)
        checkpoints.commit(staged, folder)
    finally:
        shutil.rmtree(staged, ignore_errors=True)


class _Aside:
    """A temporary folder that goes with the last who uses it."""

    def __init__(self) -> None:
        self.path = Path(tempfile.mkdtemp(prefix="qtune-texts-"))
        weakref.finalize(self, shutil.rmtree, self.path, ignore_errors=True)


def _aside(build: Callable[[Path], None]) -> tuple[Path, Any]:
    keep = _Aside()
    build(keep.path)
    return keep.path, keep


def _forget(root: Path, used: Path) -> None:
    """All but the newest go, each out of sight first; what another process has mapped it keeps."""
    folders = [path for path in root.iterdir() if path.is_dir()]
    entries = [path for path in folders if not path.name.startswith(".")]
    entries.sort(key=lambda path: (path != used, -path.stat().st_mtime))
    for path in entries[KEPT:]:
        hidden = path.with_name(f".going-{path.name}")
        path.replace(hidden)
        shutil.rmtree(hidden, ignore_errors=True)
    for path in folders:  # what a kill left behind
        if path.name.startswith(".") and path.stat().st_mtime < time.time() - STALE_S:
            shutil.rmtree(path, ignore_errors=True)
