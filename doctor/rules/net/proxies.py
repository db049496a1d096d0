"""Proxies that do not carry what they should, each with all the roads that end there."""

from __future__ import annotations

from dataclasses import dataclass

from qtune.doctor.facts import Facts, ProxyFact, Reach, known
from qtune.doctor.rules.net.roads import PROXY_STAGES, Broken


@dataclass(frozen=True)
class Trouble:
    """`bad`: the address itself cannot be used. Otherwise `roads` end at the proxy, the first one first."""

    proxy: ProxyFact
    roads: tuple[Broken, ...]
    sources: tuple[str, ...]

    @property
    def bad(self) -> bool:
        return bool(self.proxy.bad)


def troubles(facts: Facts) -> tuple[Trouble, ...]:
    """A proxy that lets other hosts through and refuses one is that host's trouble, not its own."""
    found: dict[tuple[str, str], Trouble] = {}
    for kind in (facts.reach, facts.storage):
        for source in facts.sources:
            reach = known(kind.get(source.name))
            if reach is None or reach.proxy is None:
                continue
            if not reach.proxy.bad and (not _ends_there(reach) or _serves_others(facts, reach)):
                continue
            key = (reach.proxy.key, reach.proxy.url)
            old = found.get(key, Trouble(reach.proxy, (), ()))
            stage = reach.failed
            roads = (*old.roads, Broken(source, reach, stage)) if stage else old.roads
            names = tuple(dict.fromkeys((*old.sources, source.name)))
            found[key] = Trouble(old.proxy, roads, names)
    return tuple(found.values())


def _ends_there(reach: Reach) -> bool:
    return reach.failed is not None and reach.failed.name in PROXY_STAGES


def _serves_others(facts: Facts, reach: Reach) -> bool:
    if reach.failed is None or reach.failed.kind != "denied" or reach.proxy is None:
        return False
    return reach not in [known(fact) for fact in facts.reach.values()] and any(
        other.proxy == reach.proxy and not _ends_there(other)
        for fact in facts.reach.values()
        if (other := known(fact)) is not None
    )
