"""Is a file of the model whole? A safetensors file says itself how long it is."""

from __future__ import annotations

import json
from pathlib import Path

from qtune.doctor.facts import BrokenFile

_POINTER = b"version https://git-lfs.github.com/spec/v1"
_LONGEST_HEADER = 100_000_000  # what safetensors itself refuses
_READ = 8_000_000  # a header of more is left to the loader


def broken(path: Path) -> BrokenFile | None:
    """None where the file is whole, may not be read, or does not say how long it is."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(0)
            head = file.read(len(_POINTER))
            if not size:
                return BrokenFile(str(path), "empty", 0)
            if head == _POINTER:
                return BrokenFile(str(path), "pointer", size, _of_pointer(head + file.read(200)))
            if path.suffix != ".safetensors":
                return None
            wanted = _length(head, size, path)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError):
        return None
    if wanted is None or wanted <= size:
        return None
    return BrokenFile(str(path), "short", size, wanted)


def _length(head: bytes, size: int, path: Path) -> int | None:
    """How many bytes the file must have: eight, the header that they count, and the tensors it lists."""
    if len(head) < 8:
        return 8
    header = int.from_bytes(head[:8], "little")
    if header > _LONGEST_HEADER:
        return None  # no safetensors at all; what it is cannot be told from its length
    if 8 + header > size or header > _READ:
        return 8 + header
    with path.open("rb") as file:
        file.seek(8)
        listed = json.loads(file.read(header))
    tensors = [row for name, row in listed.items() if name != "__metadata__"]
    return 8 + header + max((int(row["data_offsets"][1]) for row in tensors), default=0)


def _of_pointer(text: bytes) -> int | None:
    """git writes the length of the real file on a line of its own: `size 4967215360`."""
    for line in text.decode("ascii", "replace").splitlines():
        name, _, number = line.partition(" ")
        if name == "size" and number.isdecimal() and len(number) < 19:
            return int(number)
    return None
