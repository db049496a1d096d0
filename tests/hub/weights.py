"""Valid safetensors files of any size, the same bytes for the same seed, without torch."""

from __future__ import annotations

import json
import random
import struct
from collections.abc import Mapping

BFLOAT16 = 2  # bytes


def safetensors(shapes: Mapping[str, tuple[int, ...]], seed: int) -> bytes:
    """bfloat16 tensors of these shapes with small random values."""
    header: dict[str, object] = {"__metadata__": {"format": "pt"}}
    total = 0
    for name, shape in shapes.items():
        size = BFLOAT16
        for dimension in shape:
            size *= dimension
        header[name] = {
            "dtype": "BF16",
            "shape": list(shape),
            "data_offsets": [total, total + size],
        }
        total += size
    head = json.dumps(header, separators=(",", ":")).encode()
    head += b" " * (-len(head) % 8)
    return struct.pack("<Q", len(head)) + head + _noise(total, seed)


def of_size(names: tuple[str, ...], size: int, seed: int) -> bytes:
    """About `size` bytes in equal tensors of these names."""
    rows = max(1, size // (BFLOAT16 * 64 * len(names)))
    return safetensors(dict.fromkeys(names, (rows, 64)), seed)


def _noise(size: int, seed: int) -> bytes:
    """Little-endian bfloat16 between 2^-8 and 2^-7 in either sign: never NaN, never infinite."""
    random_bytes = random.Random(seed).randbytes(size)
    noise = bytearray(random_bytes)
    noise[1::2] = random_bytes[1::2].translate(bytes(0x3B | (i & 0x80) for i in range(256)))
    return bytes(noise)
