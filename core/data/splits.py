"""Which files of a folder belong to a split, told from the names of files and folders: pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePosixPath

# As the Hugging Face hub reads names: a word that stands alone, between anything that is no letter.
WORDS: Mapping[str, tuple[str, ...]] = {
    "train": ("train", "training"),
    "validation": ("validation", "valid", "val", "dev"),
    "test": ("test", "testing", "eval", "evaluation"),
}
_NAMES = {word: split for split, words in WORDS.items() for word in words}


def split_of(path: str) -> str | None:
    """The split that a relative path names, its last word first; None where it names none."""
    for part in reversed(PurePosixPath(path).parts):
        for word in reversed(re.split(r"[^a-z]+", part.lower())):
            if word in _NAMES:
                return _NAMES[word]
    return None


def choose(paths: Iterable[str], split: str) -> list[str]:
    """The paths of `split`, sorted. Of files that name no split all are for training.

    A split of another name (train_sft) is found where a name holds it whole, before any other rule.
    """
    ordered = sorted(paths)
    exact = [path for path in ordered if _holds(path, split)]
    asked = _NAMES.get(split.lower())
    if exact and asked is None:
        return exact
    named = [path for path in ordered if asked is not None and split_of(path) == asked]
    if named:
        return named
    return [path for path in ordered if split_of(path) is None] if asked == "train" else exact


def named(paths: Iterable[str]) -> Sequence[str]:
    """The splits that are there, for an error that says so."""
    found = {split_of(path) or "train" for path in paths}
    return [split for split in WORDS if split in found]


def _holds(path: str, split: str) -> bool:
    whole = rf"(?:^|[^a-z0-9]){re.escape(split.lower())}(?:$|[^a-z0-9])"
    return re.search(whole, path.lower()) is not None
