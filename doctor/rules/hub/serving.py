"""Which hub's numbers count for the download at hand, and how much is still to be fetched."""

from __future__ import annotations

from qtune.doctor.facts import Facts, Listing, SourceFact, known
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


def missing_bytes(found: Listing) -> int:
    return max(0, found.bytes - found.cached_bytes)
