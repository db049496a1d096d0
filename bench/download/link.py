"""The `wan` line: two network namespaces joined by `link.c`, the same line whatever the kernel was built with.

It needs root, iproute2, /dev/net/tun and a C compiler. netem is not used: many kernels come without it, and
numbers from two kinds of line would not compare.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

SOURCE = Path(__file__).with_name("link.c")


@dataclass(frozen=True)
class Line:
    rtt_ms: float
    loss_percent: float  # of the packets, each way
    mbit: float


@dataclass(frozen=True)
class Link:
    address: str  # where servers listen
    beyond: tuple[str, ...]  # put before a command, runs it at the far end


def missing() -> str | None:
    """Why there can be no such line here."""
    if os.geteuid() != 0:
        return "two network namespaces need root"
    if not os.access("/dev/net/tun", os.R_OK | os.W_OK):
        return "no /dev/net/tun"
    for tool in ("ip", "cc"):
        if shutil.which(tool) is None:
            return f"{tool} is not installed"
    return None


@contextmanager
def joined(line: Line, folder: Path) -> Iterator[Link]:
    program, space = folder / "link", f"qtune-bench-{os.getpid()}"
    near, far = f"qtn{os.getpid()}", f"qtf{os.getpid()}"
    # A subnet for each process: two benches at once must not answer over each other's line.
    subnet = f"10.213.{os.getpid() // 64 % 256}"
    here, there = (f"{subnet}.{os.getpid() % 64 * 4 + end}" for end in (1, 2))
    subprocess.run(["cc", "-O2", "-o", program, SOURCE], check=True)
    with ExitStack() as stack:
        numbers = (line.rtt_ms / 2, line.loss_percent, line.mbit)
        process = subprocess.Popen(
            [program, near, far, *map(str, numbers)], stdout=subprocess.PIPE, text=True
        )
        stack.callback(process.communicate)
        stack.callback(process.kill)
        assert process.stdout is not None
        if process.stdout.readline() != "ready\n":
            raise OSError("the two TUN devices could not be made")
        _ip("netns", "add", space)
        stack.callback(_ip, "netns", "del", space)
        _ip("link", "set", far, "netns", space)
        for where, device, address in (((), near, here), (("-n", space), far, there)):
            _ip(*where, "addr", "add", f"{address}/30", "dev", device)
            _ip(*where, "link", "set", device, "mtu", "1500", "txqueuelen", "10000", "up")
        _ip("-n", space, "link", "set", "lo", "up")
        yield Link(here, ("ip", "netns", "exec", space))


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True)
