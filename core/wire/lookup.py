"""From a name to its addresses, before a deadline, of the family that the settings ask for."""

from __future__ import annotations

import queue
import socket
import threading
from collections.abc import Callable, Iterable, Sequence
from itertools import zip_longest

from qtune.core.wire.streams import Deadline, Ended

Resolver = Callable[[str, int, int], Sequence[str]]  # host, port, address family -> addresses

FAMILIES = {"4": socket.AF_INET, "6": socket.AF_INET6}
_NO_SUCH_NAME = {
    getattr(socket, name)
    for name in ("EAI_NONAME", "EAI_NODATA", "EAI_ADDRFAMILY", "EAI_FAMILY")
    if hasattr(socket, name)
} | {11001, 11004}  # WSAHOST_NOT_FOUND, WSANO_DATA


def system_resolver(host: str, port: int, family: int) -> Sequence[str]:
    found = socket.getaddrinfo(host, port, family, socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(entry[4][0]) for entry in found))


def look_up(
    host: str, port: int, ip_family: str, resolve: Resolver, until: Deadline
) -> tuple[str, ...]:
    """The addresses of `host`, of the family that QTUNE_IP_FAMILY asks for.

    Raises Ended: nxdomain, temporary, no_family.
    """
    family = FAMILIES.get(ip_family, socket.AF_UNSPEC)
    try:
        return _resolved(host, port, family, resolve, until)
    except Ended as end:
        if end.kind != "nxdomain" or family == socket.AF_UNSPEC:
            raise
    others = _resolved(host, port, socket.AF_UNSPEC, resolve, until)
    raise Ended("no_family", f"{host} has no IPv{ip_family} address, only {', '.join(others[:3])}")


def families_in_turn(addresses: Iterable[str]) -> list[str]:
    """As RFC 8305 has it: a dead IPv6 then costs one share of the time, not all of it."""
    listed = list(addresses)
    first = ":" in listed[0]
    one = [address for address in listed if (":" in address) == first]
    other = [address for address in listed if (":" in address) != first]
    return [a for pair in zip_longest(one, other) for a in pair if a is not None]


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
