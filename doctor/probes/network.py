"""Is there a way out of this machine? Asked of the system's routing table: nothing is sent."""

from __future__ import annotations

import socket
from pathlib import Path

from qtune.doctor.context import Context
from qtune.doctor.facts import Facts, Known, Network

# Well-known addresses on the internet (a public DNS server's): where they are routed to, all others are.
_OUTSIDE = ((socket.AF_INET, "1.1.1.1"), (socket.AF_INET6, "2606:4700:4700::1111"))
_RESOLV_CONF = Path("/etc/resolv.conf")


def probe(context: Context, seen: Facts, resolv_conf: Path = _RESOLV_CONF) -> Known[Network]:
    ipv4, ipv6 = (routed(family, address) for family, address in _OUTSIDE)
    return Known(Network(ipv4, ipv6, nameservers(resolv_conf)))


def routed(family: int, address: str) -> bool:
    """Connecting a UDP socket only chooses the route; no packet leaves."""
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as sock:
            sock.connect((address, 53))
            return True
    except OSError:
        return False


def nameservers(resolv_conf: Path) -> tuple[str, ...] | None:
    """None where the system keeps them elsewhere (Windows, macOS' scoped resolvers)."""
    try:
        lines = resolv_conf.read_text("utf-8", "replace")[:65_536].splitlines()
    except OSError:
        return None
    words = [line.split() for line in lines]
    return tuple(found[1] for found in words if len(found) > 1 and found[0] == "nameserver")
