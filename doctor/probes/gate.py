"""May the files be read with these credentials? Asked as a download would: for a real file."""

from __future__ import annotations

from qtune.core.errors import QtuneError
from qtune.core.sources import Source
from qtune.doctor.context import Context
from qtune.doctor.facts import Facts, Gate, Known, Unknown, known
from qtune.doctor.probes.asking import hub_of, unknown

_SECONDS = 4  # for each of two requests


def probe(context: Context, source: Source, seen: Facts) -> Known[Gate] | Unknown:
    listing = known(seen.listing.get(source.name))
    path = listing.weight if listing is not None else None
    hub = hub_of(context, source, _SECONDS)
    try:
        access = hub.access(context.goal.model, context.goal.revision, path)
    except QtuneError as error:
        return unknown(error)
    return Known(Gate(access, path or "config.json", hub.rate_limit))
