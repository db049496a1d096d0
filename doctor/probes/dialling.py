"""From a name to an open connection: the look-up, then each address in turn."""

from __future__ import annotations

import errno
import ipaddress
import queue
import socket
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from qtune.doctor.probes.streams import Deadline, Ended

Resolver = Callable[[str, int, int], Sequence[str]]  # host, port, address family -> addresses

FAMILIES = {"4": socket.AF_INET, "6": socket.AF_INET6}
_NO_SUCH_NAME = {
    getattr(socket, name)
    for name in ("EAI_NONAME", "EAI_NODATA", "EAI_ADDRFAMILY", "EAI_FAMILY")
    if hasattr(socket, name)
} | {11001, 11004}  # WSAHOST_NOT_FOUND, WSANO_DATA
_LEAST = 1.0  # seconds for one address: a connection across the Pacific takes 0.3 s


def system_resolver(host: str, port: int, family: int) -> Sequence[str]:
    found = socket.getaddrinfo(host, port, family, socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(entry[4][0]) for entry in found))


def look_up(
    host: str, port: int, ip_family: str, resolve: Resolver, until: Deadline
) -> tuple[str, ...]:
    """The addresses of `host`, of the family that QTUNE_IP_FAMILY asks for."""
    family = FAMILIES.get(ip_family, socket.AF_UNSPEC)
    try:
        return _resolved(host, port, family, resolve, until)
    except Ended as end:
        if end.kind != "nxdomain" or family == socket.AF_UNSPEC:
            raise
    others = _resolved(host, port, socket.AF_UNSPEC, resolve, until)
    raise Ended("no_family", f"{host} has no IPv{ip_family} address, only {', '.join(others[:3])}")


def _resolved(
    host: str, port: int, family: int, resolve: Resolver, until: Deadline
) -> tuple[str, ...]:
    """In a thread of its own, since a look-up cannot be stopped from outside."""
    answers: queue.SimpleQueue[Sequence[str] | Exception] = queue.SimpleQueue()

    def ask() -> None:
        try:
            answers.put(resolve(host, port, family))
        except Exception as error:  # whatever it is, the thread that waits must hear of it
            answers.put(error)

    threading.Thread(target=ask, name=f"look up {host}", daemon=True).start()
    try:
        answer = answers.get(timeout=until.left())
    except (queue.Empty, TimeoutError):
        raise Ended("temporary", f"no name server answered {until.words()}") from None
    if isinstance(answer, socket.gaierror):
        kind = "nxdomain" if answer.errno in _NO_SUCH_NAME else "temporary"
        raise Ended(kind, f"{host}: {answer.strerror or answer}")
    if isinstance(answer, Exception):  # a name that IDNA cannot encode, say
        raise Ended("nxdomain", f"{host}: {answer}")
    if not answer:
        raise Ended("nxdomain", f"{host} has no address of this family")
    return tuple(answer)


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
    order = _families_in_turn(addresses)
    failures: list[tuple[str, str]] = []  # kind, words
    behind: list[_Attempt] = []
    for number, address in enumerate(order):
        try:
            left = until.left()
        except TimeoutError:
            failures.append(_failure(address, TimeoutError()))
            break
        attempt = _Attempt(address, port, left)
        sock = attempt.within(min(left, max(_LEAST, left / (len(order) - number))))
        if sock is not None:
            return Dialled(sock, tuple(behind), until)
        if attempt.error is None:
            behind.append(attempt)
        failures.append(_failure(address, attempt.error or TimeoutError()))
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


def _families_in_turn(addresses: Iterable[str]) -> list[str]:
    """A dead IPv6 then costs one share of the time, not all of it."""
    listed = list(addresses)
    first = ":" in listed[0]
    one = [address for address in listed if (":" in address) == first]
    other = [address for address in listed if (":" in address) != first]
    return [a for pair in zip_longest(one, other) for a in pair if a is not None]


def _failure(address: str, error: OSError) -> tuple[str, str]:
    kind = kind_of(error) or "unreachable"
    said = "no answer" if kind == "timeout" else error.strerror or kind
    return kind, f"{address}: {said.lower()}"


def kind_of(error: BaseException) -> str:
    """timeout, refused, reset or unreachable; "" for what is none of these."""
    if isinstance(error, TimeoutError):
        return "timeout"
    if isinstance(error, ConnectionRefusedError):
        return "refused"
    if isinstance(error, ConnectionError):
        return "reset"
    unreachable = (errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EADDRNOTAVAIL, errno.ENETDOWN)
    if isinstance(error, OSError) and error.errno in unreachable:
        return "unreachable"
    return ""


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
