"""Why the host of the large files cannot be reached: a cause told elsewhere, a mirror, or that host itself."""

from __future__ import annotations

from qtune.doctor.facts import Facts, SourceFact, known
from qtune.doctor.rules.hub.endpoints import is_mirror
from qtune.doctor.rules.net import blame
from qtune.doctor.rules.net.proxies import troubles
from qtune.doctor.rules.net.roads import Broken

_CODES = {"dns": "NET101", "tcp": "NET102", "tls": "NET103"}


def broken(facts: Facts, source: SourceFact) -> Broken | None:
    """The road to the large files where it ended, though the hub itself answers."""
    reach, storage = known(facts.reach.get(source.name)), known(facts.storage.get(source.name))
    if reach is None or not reach.ok or storage is None or storage.failed is None:
        return None
    return Broken(source, storage, storage.failed)


def cause(facts: Facts, road: Broken) -> str | None:
    """A proxy that is dead for all, or a host that is already known to be out of reach."""
    proxy = road.reach.proxy
    if proxy is not None and any(trouble.proxy == proxy for trouble in troubles(facts)):
        return "NET106"
    for fact in facts.reach.values():
        other = known(fact)
        if other is not None and other.failed is not None and other.host == road.reach.host:
            return _CODES.get(other.failed.name)
    return blame.cause(facts, road.reach)


def a_mirrors(facts: Facts, road: Broken) -> bool:
    """Is it a mirror that sends on to another host than its own, and nothing else is to blame? (HUB205)"""
    own = known(facts.reach.get(road.source.name))
    elsewhere = own is not None and own.host != road.reach.host
    return is_mirror(facts, road.source) and elsewhere and cause(facts, road) is None
