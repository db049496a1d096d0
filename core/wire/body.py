"""The body of an answer, however its end is told: by a length, in chunks, or by the connection's end."""

from __future__ import annotations

import re
from typing import Protocol

from qtune.core.wire.head import Head, NotHttp
from qtune.core.wire.pipe import Pipe

_BLOCK = 65_536
_LONGEST_LINE = 8192
_MOST_TRAILERS = 100
_LENGTH = re.compile(r"\d{1,18}")
_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;.*)?")


class Inbox:
    """What comes over a pipe. What reading a head brought too much is kept for the body."""

    def __init__(self, pipe: Pipe) -> None:
        self.kept = bytearray()
        self._pipe = pipe
        self._block = memoryview(bytearray(_BLOCK))

    def more(self, timeout_s: float) -> int:
        got = self._pipe.receive_into(self._block, timeout_s)
        self.kept += self._block[:got]
        return got

    def readinto(self, view: memoryview, timeout_s: float) -> int:
        if not self.kept:
            return self._pipe.receive_into(view, timeout_s, gather=True)
        size = min(len(self.kept), len(view))
        view[:size] = self.kept[:size]
        del self.kept[:size]
        return size

    def line(self, timeout_s: float) -> bytes | None:
        """Without its newline; None at the end of the connection."""
        while (end := self.kept.find(b"\n")) < 0:
            if len(self.kept) > _LONGEST_LINE:
                raise NotHttp("a line in its body has no end")
            if not self.more(timeout_s):
                return None
        line = bytes(self.kept[:end]).removesuffix(b"\r")
        del self.kept[: end + 1]
        return line


class Body(Protocol):
    left: int | None  # bytes still to come; None: unknown

    def readinto(self, view: memoryview, timeout_s: float) -> int:
        """0 at its end, or where the connection ended before it: then `left` is not 0."""


class Sized:
    def __init__(self, inbox: Inbox, size: int) -> None:
        self.left: int | None = size
        self._inbox, self._left = inbox, size

    def readinto(self, view: memoryview, timeout_s: float) -> int:
        if not self._left:
            return 0
        got = self._inbox.readinto(view[: self._left], timeout_s)
        self.left = self._left = self._left - got
        return got


class UntilClose:
    def __init__(self, inbox: Inbox) -> None:
        self.left: int | None = None
        self._inbox = inbox

    def readinto(self, view: memoryview, timeout_s: float) -> int:
        if self.left == 0:
            return 0
        got = self._inbox.readinto(view, timeout_s)
        if not got:
            self.left = 0
        return got


class Chunked:
    def __init__(self, inbox: Inbox) -> None:
        self.left: int | None = None
        self._inbox = inbox
        self._chunk = 0  # what is left of the present one
        self._after_chunk = False  # its newline comes first
        self._trailers: int | None = None  # how many came

    def readinto(self, view: memoryview, timeout_s: float) -> int:
        if self.left == 0 or not self._begun(timeout_s):
            return 0
        got = self._inbox.readinto(view[: self._chunk], timeout_s)
        self._chunk -= got
        self._after_chunk = not self._chunk
        return got

    def _begun(self, timeout_s: float) -> bool:
        """Whether a chunk is under way; False at the end. Interrupted anywhere, it goes on there."""
        if self._after_chunk:
            line = self._inbox.line(timeout_s)
            if line is None:
                return False
            if line:
                raise NotHttp("a chunk of its body is longer than announced")
            self._after_chunk = False
        if not self._chunk and self._trailers is None:
            line = self._inbox.line(timeout_s)
            if line is None:
                return False
            size = _CHUNK.fullmatch(line)
            if size is None:
                raise NotHttp("a chunk of its body has no length")
            self._chunk = int(size[1], 16)
            self._trailers = None if self._chunk else 0
        return self._trailers is None or self._ended(self._trailers, timeout_s)

    def _ended(self, trailers: int, timeout_s: float) -> bool:
        while (line := self._inbox.line(timeout_s)) != b"":
            if line is None:
                return False
            self._trailers = trailers = trailers + 1
            if trailers > _MOST_TRAILERS:
                raise NotHttp("its body has no end")
        self.left = 0
        return False


def body_of(head: Head, inbox: Inbox) -> Body:
    """Raises NotHttp where the head does not tell where its body ends."""
    if head.status in (101, 204, 304):
        return Sized(inbox, 0)
    coding = head.headers.get("transfer-encoding", "").lower()
    if coding:
        if coding != "chunked":
            raise NotHttp("the transfer coding of its body is unknown")
        return Chunked(inbox)
    length = head.headers.get("content-length")
    if length is None:
        return UntilClose(inbox)
    sizes = {part.strip() for part in length.split(",")}
    size = sizes.pop()
    if sizes or not _LENGTH.fullmatch(size):
        raise NotHttp("the length of its body makes no sense")
    return Sized(inbox, int(size))


def keeps_alive(head: Head) -> bool:
    """May the connection be used for another request after the body?"""
    if "transfer-encoding" in head.headers and "content-length" in head.headers:
        return False  # who contradicts himself may have sent something else behind it
    wishes = {part.strip().lower() for part in head.headers.get("connection", "").split(",")}
    if head.status == 101 or "close" in wishes:
        return False
    return head.minor == 1 or "keep-alive" in wishes
