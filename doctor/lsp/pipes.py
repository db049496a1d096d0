"""The two pipes to the client: what is read from one may be anything, what is written to the other is the protocol."""

from __future__ import annotations

import os
import re
import sys
from typing import BinaryIO

LARGEST = 1 << 28  # bytes of one message
_HEADER = re.compile(rb"content-length:[ \t]*(\d+)[ \t]*\r?\n\Z", re.I)
_LINE = 1 << 16


class Incoming:
    """Finds the next message again behind one whose length was wrong."""

    def __init__(self, stdin: BinaryIO) -> None:
        self._stdin = stdin

    def readline(self) -> bytes:
        line = self._stdin.readline(_LINE)
        header = _HEADER.search(line)
        if header is None:
            return line
        digits = header[1].lstrip(b"0")
        if len(digits) > 10 or int(digits or b"0") > LARGEST:
            return b"too long\r\n"  # what follows is read as headers, and is none
        return b"Content-Length: %s\r\n" % (digits or b"0")

    def read(self, size: int) -> bytes:
        return self._stdin.read(size)


class Outgoing:
    """A client that does not listen any more has nothing more to say: the server ends."""

    def __init__(self, stdout: BinaryIO) -> None:
        self._stdout = stdout

    def write(self, data: bytes) -> None:
        try:
            self._stdout.write(data)
            self._stdout.flush()
        except (OSError, ValueError):
            os._exit(1)  # the reader's thread waits for a pipe that may never be closed

    def flush(self) -> None:
        pass

    def close(self) -> None:
        self._stdout.close()


def own_stdout() -> Outgoing:
    """The protocol's own copy of stdout. What anything prints goes to stderr instead of breaking a message."""
    copy = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return Outgoing(copy)
