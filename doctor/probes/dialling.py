"""From addresses to an open connection, one after the other, and which of them gave no answer."""

from __future__ import annotations

import ipaddress
import socket
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

from qtune.core.wire.dialling import failure
from qtune.core.wire.lookup import families_in_turn
from qtune.core.wire.streams import Deadline, Ended

_LEAST = 1.0  # seconds for one address: a connection across the Pacific takes 0.3 s


@dataclass(frozen=True)
class Dialled:
    """An open connection, and the attempts at other addresses that were left behind on the way to it."""

    sock: socket.socket
    left_behind: tuple[_Attempt, ...]
    until: Deadline

    def silent(self) -> tuple[str, ...]:
        """The addresses that give no answer at all: waits for the slow ones until the stage is over."""
        for attempt in self.left_behind:
            attempt.done.wait(max(0.0, self.until.at - time.monotonic()))
        return tuple(attempt.address for attempt in self.left_behind if attempt.unanswered)


def dial(addresses: Sequence[str], port: int, until: Deadline) -> Dialled:
    """The first address that lets us in. Clients try them one after the other, and so do we.

    An attempt that takes longer than its share goes on behind our back: slow is not dead.
    """
    order = families_in_turn(addresses)
    failures: list[tuple[str, str]] = []  # kind, words
    behind: list[_Attempt] = []
    for number, address in enumerate(order):
        try:
            left = until.left()
        except TimeoutError:
            failures.append(failure(address, TimeoutError()))
            break
        attempt = _Attempt(address, port, left)
        sock = attempt.within(min(left, max(_LEAST, left / (len(order) - number))))
        if sock is not None:
            return Dialled(sock, tuple(behind), until)
        if attempt.error is None:
            behind.append(attempt)
        failures.append(failure(address, attempt.error or TimeoutError()))
        if _over(until):
            break
    # What one address tells by refusing says more than another's missing route.
    kind = next((kind for kind, _ in failures if kind != "unreachable"), "unreachable")
    raise Ended(kind, "; ".join(words for _, words in failures[:3]))


class _Attempt:
    """A connection under way in a thread of its own; whoever comes too late is hung up on."""

    def __init__(self, address: str, port: int, seconds: float) -> None:
        self.address = address
        self.error: OSError | None = None
        self.done = threading.Event()
        self._target, self._seconds = (address, port), seconds
        self._lock = threading.Lock()
        self._sock: socket.socket | None = None
        self._given_up = False
        threading.Thread(target=self._run, name=f"dial {address}", daemon=True).start()

    @property
    def unanswered(self) -> bool:
        return not self.done.is_set() or isinstance(self.error, TimeoutError)

    def within(self, seconds: float) -> socket.socket | None:
        self.done.wait(seconds)
        with self._lock:
            self._given_up = self._sock is None
            return self._sock

    def _run(self) -> None:
        try:
            sock = socket.create_connection(self._target, timeout=self._seconds)
        except OSError as error:
            self.error = error
        else:
            with self._lock:
                if self._given_up:
                    sock.close()
                else:
                    self._sock = sock
        self.done.set()


def _over(until: Deadline) -> bool:
    try:
        return until.left() < 0.05
    except TimeoutError:
        return True


def is_local_name(host: str) -> bool:
    """A name or address that may well mean this machine."""
    name = host.rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True


def is_sinkhole(address: str) -> bool:
    """0.0.0.0, :: or loopback: where a filter or a hosts file sends a name that shall not be reached."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    return parsed.is_unspecified or parsed.is_loopback
