"""A command as a person at a terminal sees it."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path


def begin(
    command: Sequence[str],
    environ: Mapping[str, str],
    folder: Path | None = None,
    *,
    size: tuple[int, int] | None = None,
) -> tuple[subprocess.Popen[bytes], int]:
    """The command at a terminal of `size` (lines, columns), and the handle that types and reads."""
    import pty  # Windows has none

    keyboard, terminal = pty.openpty()
    if size is not None:
        import fcntl
        import struct
        import termios

        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", *size, 0, 0))
    child = subprocess.Popen(
        command,
        cwd=folder,
        env=environ,
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        start_new_session=True,
    )
    os.close(terminal)
    return child, keyboard


def rest(child: subprocess.Popen[bytes], keyboard: int) -> bytes:
    """All that is shown from now until the command ends."""
    shown = b""
    with contextlib.suppress(OSError):  # the other end is closed
        while part := os.read(keyboard, 65536):
            shown += part
    os.close(keyboard)
    child.wait(timeout=30)
    return shown
