"""The addresses of a host for many connections: looked up once in a while, those first that let us in before."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field

from qtune.core.wire.lookup import Resolver, families_in_turn, look_up
from qtune.core.wire.streams import Deadline, Ended

GOOD_FOR_S = 60.0


@dataclass
class _Known:
    lock: threading.Lock = field(default_factory=threading.Lock)
    addresses: tuple[str, ...] = ()
    until: float = 0.0  # of time.monotonic()
    six: bool | None = None  # the family of the address that let us in last


class Addresses:
    """Sixty-four connections ask a name server once, not sixty-four times: small routers lose such a burst."""

    def __init__(self, resolve: Resolver, ip_family: str) -> None:
        self._resolve, self._ip_family = resolve, ip_family
        self._lock = threading.Lock()
        self._known: dict[tuple[str, int], _Known] = {}

    def of(self, host: str, port: int, until: Deadline) -> list[str]:
        """In the order in which to try them. Raises Ended as `look_up`."""
        known = self._of(host, port)
        if not known.lock.acquire(timeout=max(0.0, until.at - time.monotonic())):
            raise Ended("temporary", f"no name server answered {until.words()}")
        try:
            if time.monotonic() >= known.until:
                known.addresses = look_up(host, port, self._ip_family, self._resolve, until)
                known.until = time.monotonic() + GOOD_FOR_S
            # IPv6 that went nowhere once is not given a head start again.
            first = sorted(known.addresses, key=lambda a: known.six not in (None, ":" in a))
            return families_in_turn(first)
        finally:
            known.lock.release()

    def worked(self, host: str, port: int, address: str) -> None:
        self._of(host, port).six = ":" in address

    def failed(self, host: str, port: int) -> None:
        """None of them lets us in: they are looked up anew next time."""
        self._of(host, port).until = 0.0

    def _of(self, host: str, port: int) -> _Known:
        with self._lock:
            return self._known.setdefault((host, port), _Known())
