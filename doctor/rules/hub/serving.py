"""Which hub's numbers count for the download at hand, how much is still to be fetched, and how fast it comes."""

from __future__ import annotations

from qtune.core.amounts import rate
from qtune.core.text import Text
from qtune.doctor.facts import Facts, Listing, SourceFact, Speed, known
from qtune.doctor.scope import choice


def serving(facts: Facts) -> SourceFact | None:
    """The hub that the download would use, as far as the facts tell."""
    return facts.source(choice(facts).source.name) if facts.sources else None


def listing(facts: Facts) -> Listing | None:
    """What would be downloaded: as the serving hub lists it, or else another."""
    first = serving(facts)
    names = [first.name] if first is not None else []
    names += [source.name for source in facts.sources]
    return next(
        (found for name in names if (found := known(facts.listing.get(name))) is not None), None
    )


def measured(source: SourceFact, speed: Speed) -> tuple[Text, ...]:
    """What was measured, with one connection and with several."""
    single, several = speed.single, speed.several
    en = f"{source.titled} ({speed.host}): {rate(single.bytes_per_second)} with one connection"
    zh = f"{source.titled}（{speed.host}）：单连接 {rate(single.bytes_per_second)}"
    if several is None:
        return (Text(en, zh),)
    en += f", {rate(several.bytes_per_second)} with {several.connections}"
    zh += f"，{several.connections} 个连接 {rate(several.bytes_per_second)}"
    if throttled(speed):
        en += ": each connection is throttled, so qtune uses several"
        zh += "：单个连接被限速，因此 qtune 会使用多个连接"
    return (Text(en, zh),)


def throttled(speed: Speed) -> bool:
    """Is each connection slowed by itself, so that several together are clearly faster?"""
    several = speed.several
    return several is not None and (
        several.bytes_per_second >= 1.5 * speed.single.bytes_per_second > 0
    )
