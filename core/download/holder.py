"""Who holds a lock: a process on a machine, and whether that process is known to be gone.

Only what this kernel can prove counts: a process of another machine, or of another container, may live
however its number looks from here.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import json
import os
import secrets
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from qtune.core.text import Text

_LONGEST = 64  # characters of a name that another machine wrote, as they are shown


@dataclass(frozen=True)
class Machine:
    """`boot` changes with every start of the kernel, `space` is where its process numbers count.

    What a system does not tell is empty, and then proves nothing.
    """

    host: str
    identity: str = ""
    boot: str = ""
    space: str = ""


@dataclass(frozen=True)
class Holder:
    """`started` tells a process from a later one with the same number; `since` is its own clock's."""

    machine: Machine
    pid: int
    started: str
    since: float
    nonce: str

    def to_bytes(self) -> bytes:
        """One line."""
        return json.dumps(asdict(self)).encode() + b"\n"

    def describe(self) -> Text:
        """For a waiting person. The text of the lock may be anybody's: nothing in it reaches a terminal raw."""
        shown = "".join(c for c in self.machine.host if c.isprintable())[:_LONGEST] or "?"
        try:
            at = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(self.since))
        except (OverflowError, ValueError, OSError):
            at = "?"
        return Text(
            f"process {self.pid} on {shown}, since {at}",
            f"{shown} 上的进程 {self.pid}，始于 {at}",
        )


def read(content: bytes) -> Holder | None:
    """None for what no qtune wrote, or has not yet written to the end."""
    try:
        found = json.loads(content.partition(b"\n")[0])
        names = found["machine"]
        machine = Machine(*(str(names[key]) for key in ("host", "identity", "boot", "space")))
        pid, since = int(found["pid"]), float(found["since"])
        return Holder(machine, pid, str(found["started"]), since, str(found["nonce"]))
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
        return None


def myself() -> Holder:
    pid = os.getpid()
    return Holder(here(), pid, _started(pid), time.time(), secrets.token_hex(16))


@functools.cache
def here() -> Machine:
    host = socket.gethostname()
    if sys.platform == "linux":
        return Machine(
            host,
            _text("/etc/machine-id"),
            _text("/proc/sys/kernel/random/boot_id"),
            _link("/proc/self/ns/pid"),
        )
    if sys.platform == "darwin":
        return Machine(host, _sysctl("kern.uuid"), _sysctl("kern.bootsessionuuid"), "all")
    if sys.platform == "win32":
        guid = _machine_guid()
        return Machine(host, guid, guid, "all")
    return Machine(host)


def is_gone(holder: Holder) -> bool:
    """Proved: it ran on this machine before it was started anew, or its process number is nobody's or
    another's now. False means no more than that nobody knows."""
    theirs, ours = holder.machine, here()
    if not (theirs.boot and ours.boot):
        return False
    if theirs.boot != ours.boot:
        same = (theirs.host, theirs.identity) == (ours.host, ours.identity)
        return same and bool(ours.identity) and not ours.host.startswith("localhost")
    if not ours.space or theirs.space != ours.space:
        return False
    if not runs(holder.pid):
        return True
    started = _started(holder.pid)
    return bool(started and holder.started) and started != holder.started


def is_near(holder: Holder) -> bool:
    """Can this kernel tell whether it lives?"""
    ours = here()
    return bool(ours.boot and ours.space) and (holder.machine.boot, holder.machine.space) == (
        ours.boot,
        ours.space,
    )


def _runs_here(pid: int) -> bool:
    """A zombie has ended; a process that is hidden from us (hidepid) answers with EPERM."""
    if pid <= 0:
        return False
    with contextlib.suppress(OSError, IndexError):
        return _stat(pid)[0] not in ("Z", "X", "x")
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:
        return True
    return True


def _runs_on_windows(pid: int) -> bool:
    """There `os.kill` would end the process."""
    names = ctypes.__dict__
    kernel = names["WinDLL"]("kernel32", use_last_error=True)
    synchronize, invalid_parameter, wait_timeout = 0x00100000, 87, 258
    handle = kernel.OpenProcess(synchronize, False, pid)
    if not handle:
        return bool(names["get_last_error"]() != invalid_parameter)
    try:
        return bool(kernel.WaitForSingleObject(handle, 0) == wait_timeout)
    finally:
        kernel.CloseHandle(handle)


runs: Callable[[int], bool] = _runs_on_windows if os.name == "nt" else _runs_here


def _started(pid: int) -> str:
    """Ticks from the start of the kernel to that of the process; empty where nobody tells."""
    try:
        return _stat(pid)[19]
    except (OSError, IndexError):
        return ""


def _stat(pid: int) -> list[str]:
    """/proc/PID/stat behind the name, which may hold blanks and brackets: state first, then 20 numbers …"""
    return Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()


def _text(path: str) -> str:
    try:
        return Path(path).read_text(errors="replace").strip()
    except OSError:
        return ""


def _link(path: str) -> str:
    try:
        return str(Path(path).readlink())
    except OSError:
        return ""


def _sysctl(name: str) -> str:
    """macOS. Empty where the name is unknown."""
    value, length = ctypes.create_string_buffer(128), ctypes.c_size_t(128)
    ask = ctypes.CDLL(None).sysctlbyname
    if ask(name.encode(), value, ctypes.byref(length), None, ctypes.c_size_t(0)):
        return ""
    return value.value.decode(errors="replace")


def _machine_guid() -> str:
    """Windows. A number of its own for each start there is none: a process number that is gone decides."""
    import winreg as registry

    names = registry.__dict__
    try:
        with names["OpenKey"](
            names["HKEY_LOCAL_MACHINE"],
            r"SOFTWARE\Microsoft\Cryptography",
            0,
            names["KEY_READ"] | names["KEY_WOW64_64KEY"],
        ) as key:
            return str(names["QueryValueEx"](key, "MachineGuid")[0])
    except OSError:
        return ""
