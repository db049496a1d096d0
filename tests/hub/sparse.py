"""Files of any size that are never in memory: bytes computed from their offset, a span at a time."""

from __future__ import annotations

import functools
import hashlib
import random
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

BLOCK = 1 << 20
_MARK = 16  # bytes at the start of each block that say which one it is


@functools.cache
def _noise(seed: int) -> bytes:
    return random.Random(seed).randbytes(BLOCK)


@dataclass(frozen=True)
class Sparse:
    """`size` bytes: zeros, or with a seed noise in which no block is like another.

    The hash is whatever is given, since to compute it takes a second for every 2 GB (`digest`); without one,
    it is a made-up name, which the bytes will never be found to have.
    """

    size: int
    seed: int | None = None
    sha256: str = ""

    def __post_init__(self) -> None:
        if not self.sha256:
            made_up = hashlib.sha256(f"sparse {self.size} {self.seed}".encode()).hexdigest()
            object.__setattr__(self, "sha256", made_up)

    def read(self, start: int, stop: int) -> bytes:
        """As a slice of the whole would be."""
        start, stop = max(start, 0), min(stop, self.size)
        if stop <= start:
            return b""
        if self.seed is None:
            return bytes(stop - start)
        first, last = start // BLOCK, (stop - 1) // BLOCK
        whole = b"".join(self._block(number) for number in range(first, last + 1))
        return whole[start - first * BLOCK : stop - first * BLOCK]

    def span(self, start: int = 0, stop: int | None = None) -> Span:
        return Span(self, start, self.size if stop is None else stop)

    def digest(self) -> str:
        """The true sha256."""
        digest = hashlib.sha256()
        for start in range(0, self.size, BLOCK):
            digest.update(self.read(start, start + BLOCK))
        return digest.hexdigest()

    def _block(self, number: int) -> bytes:
        assert self.seed is not None
        return number.to_bytes(_MARK, "little") + _noise(self.seed)[_MARK:]


@dataclass(frozen=True)
class Span:
    """A part of a sparse file, sliced without a byte being made. `flipped`: offsets in it that are wrong."""

    content: Sparse
    start: int
    stop: int
    flipped: frozenset[int] = field(default=frozenset())

    def __len__(self) -> int:
        return self.stop - self.start

    def __getitem__(self, part: slice) -> Span:
        first, last, step = part.indices(len(self))
        if step != 1:
            raise ValueError("a span is cut in one piece")
        flipped = frozenset(at - first for at in self.flipped if first <= at < last)
        return Span(self.content, self.start + first, self.start + max(first, last), flipped)

    def __bytes__(self) -> bytes:
        data = self.content.read(self.start, self.stop)
        return flip(data, self.flipped) if self.flipped else data

    def flip(self, at: Iterable[int]) -> Span:
        return replace(self, flipped=self.flipped ^ {n for n in at if 0 <= n < len(self)})


def flip(data: bytes | memoryview, at: Iterable[int]) -> bytes:
    """The bytes at these offsets with their bits flipped; offsets outside are nobody's."""
    changed = bytearray(data)
    for offset in at:
        if 0 <= offset < len(changed):
            changed[offset] ^= 0xFF
    return bytes(changed)
