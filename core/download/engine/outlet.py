"""One source in a run: how it likes to be asked, what it sent, and how long it wants to be left alone."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from qtune.core.download import patience
from qtune.core.download.engine.addresses import Addresses
from qtune.core.download.engine.crew import Crew
from qtune.core.download.engine.job import Job
from qtune.core.download.failures import asks_too_long
from qtune.core.download.roster import Supplier
from qtune.core.hub.interface import RepoFile
from qtune.core.wire.connection import Connection

WITHOUT_A_BYTE_S = 5.0  # after so long nobody calls a source alive


@dataclass(eq=False)
class Outlet:
    """`whole`: it sends no parts; `single`: one connection for each file; `own_addresses`: a signed address
    for each connection; `known`: its own listing has been read, or need not be.

    `beside`: it is another way to the same hub, for the paths in `serves`, until it is `closed`; `opens` is its
    own road.
    """

    supplier: Supplier
    crew: Crew
    commit: str = ""
    known: bool = True
    addresses: Addresses = field(default_factory=Addresses)
    beside: Outlet | None = None
    serves: frozenset[str] = frozenset()
    closed: bool = False
    opens: Callable[[str, float, str], Connection] | None = None
    whole: bool = False
    single: bool = False
    own_addresses: bool = False
    received: int = 0
    last_byte_at: float = 0.0
    active_s: float = 0.0
    round_trip_s: float = 0.0
    quiet_until: float = 0.0
    told_at: float = 0.0  # when it last asked to wait
    waits: int = 0
    odd_lengths: dict[Job, int] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)
    preparing: threading.Lock = field(default_factory=threading.Lock)

    @property
    def name(self) -> str:
        return self.supplier.name

    def note(self, count: int) -> None:
        with self.lock:
            self.received += count
            self.last_byte_at = time.monotonic()
            self.waits = 0

    def note_round_trip(self, seconds: float) -> None:
        with self.lock:
            known = self.round_trip_s
            self.round_trip_s = seconds if not known else 0.8 * known + 0.2 * seconds

    def lives(self) -> bool:
        return time.monotonic() - self.last_byte_at < WITHOUT_A_BYTE_S

    def refuses_parts_at_once(self, own: int) -> None:
        """A 403 while other parts of the same file are under way: first to each its own address, then one each."""
        with self.lock:
            if not self.own_addresses:
                self.own_addresses = True
            elif own:
                self.single = True
            self.crew.refused(time.monotonic())

    def asks_to_wait(
        self, status: int, told_s: float | None, asked_at: float, alone: bool
    ) -> float | None:
        """Seconds that everyone waits from now on; None if that is known already.

        Raises Refused HUB208 for a wait too long, or one too many.
        """
        with self.lock:
            now = time.monotonic()
            if asked_at < self.told_at or now < self.quiet_until:
                return None  # asked before the first refusal was known
            self.waits += 1
            seconds = told_s or patience.fallback_wait_s(self.waits)
            most = patience.MOST_WAITS if alone else patience.MOST_WAITS_WITH_ANOTHER
            if self.waits > most or seconds > patience.LONGEST_WAIT_S:
                raise asks_too_long(self.supplier, status, seconds)
            self.quiet_until, self.told_at = now + seconds, now
            self.crew.refused(now)
            return seconds

    def quiet_s(self) -> float:
        return max(0.0, self.quiet_until - time.monotonic())


def alike(one: RepoFile, other: RepoFile) -> bool:
    """Nothing that both listings say of the content differs."""
    if one.size != other.size:
        return False
    pairs = ((one.sha256, other.sha256), (one.git_sha1, other.git_sha1))
    return all(a == b for a, b in pairs if a is not None and b is not None)
