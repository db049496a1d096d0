"""Why a road ends where it does: what is wrong with the machine or its settings, not with the host."""

from __future__ import annotations

from urllib.parse import urlsplit

from qtune.core.proxy import bypassed
from qtune.doctor.facts import Facts, Reach, Speed, known
from qtune.doctor.rules.hub.endpoints import is_loopback

CLOCK_S = 300.0  # a rule of thumb: what signing services allow
_SMALL = 128 * 1024  # bytes; a few packets and their windows, nowhere near a file
_QUIET_S = 2.0

_NO_WAY_OUT = ("temporary", "nxdomain", "no_family", "unreachable", "timeout")


def cause(facts: Facts, reach: Reach) -> str | None:
    """The code that says why this road ends, where it is none of the host's."""
    if reach.failed is None:
        return None
    if let_past(facts, reach):
        return "NET108"
    if starved(facts, reach):
        return "NET100"
    off = clock_off(facts)
    if off is not None and reach.failed.name == "tls":
        ahead, behind = off < -CLOCK_S, off > CLOCK_S
        if (reach.failed.kind == "expired" and ahead) or (
            reach.failed.kind == "not_yet" and behind
        ):
            return "NET104"
    return None


def starved(facts: Facts, reach: Reach) -> bool:
    """Did it end because nothing leaves this machine, or because no DNS server is named?"""
    network, failed = known(facts.network), reach.failed
    if network is None or failed is None or let_past(facts, reach):
        return False
    if reach.proxy is not None and reach.proxy.bad:
        return False
    first = urlsplit(reach.proxy.url).hostname if reach.proxy is not None else reach.host
    if not network.ok:
        if is_loopback(first or ""):  # a proxy program on this machine has no way out either
            return reach.proxy is not None and failed.name in ("connect", "tls", "http")
        first_stages = ("dns", "tcp", "proxy_dns", "proxy_tcp")
        return failed.name in first_stages and failed.kind in _NO_WAY_OUT
    unnamed = network.nameservers == ()
    return unnamed and failed.name in ("dns", "proxy_dns") and failed.kind == "temporary"


def let_past(facts: Facts, reach: Reach) -> str:
    """The entry of NO_PROXY that sends this host directly although there is a proxy; "" for none."""
    if reach.proxy is not None:
        return ""
    scheme = urlsplit(reach.url).scheme
    if not any(facts.setting(key).value for key in (f"{scheme.upper()}_PROXY", "ALL_PROXY")):
        return ""
    port = None if reach.port == {"http": 80, "https": 443}.get(scheme) else reach.port
    entries = [entry.strip() for entry in facts.setting("NO_PROXY").value.split(",")]
    return next((entry for entry in entries if bypassed(reach.host, (entry,), port)), "")


def clock_off(facts: Facts) -> float | None:
    """Seconds by which the answers are ahead of this machine; of several, the one closest to its clock."""
    roads = [known(fact) for fact in (*facts.reach.values(), *facts.storage.values())]
    found = [road.clock_off_s for road in roads if road and road.clock_off_s is not None]
    return min(found, key=abs, default=None)


def stalls(speed: Speed | None) -> bool:
    """A few packets came and then nothing, though small answers come through whole."""
    if speed is None:
        return False
    samples = [sample for sample in (speed.single, speed.several) if sample is not None]
    return all(
        0 < sample.bytes < _SMALL * sample.connections and sample.quiet_s >= _QUIET_S
        for sample in samples
    )
