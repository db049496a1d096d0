"""Can the host be reached that the large files come from? Often it is another than the hub's."""

from __future__ import annotations

from qtune.core.errors import QtuneError
from qtune.core.sources import Source
from qtune.core.wire.lookup import Resolver, system_resolver
from qtune.doctor.context import Context
from qtune.doctor.facts import Facts, Known, Reach, Unknown, known
from qtune.doctor.probes.asking import hub_of, unknown
from qtune.doctor.probes.patience import Patience, in_time
from qtune.doctor.probes.road import walk

_SECONDS = 3
_PATIENCE = Patience(total=6.0)


def probe(
    context: Context, source: Source, seen: Facts, resolve: Resolver = system_resolver
) -> Known[Reach] | Unknown:
    listing = known(seen.listing.get(source.name))
    if listing is None:
        return Unknown("skipped", "the files are not known")
    try:
        place = hub_of(context, source, _SECONDS).locate(
            context.goal.model, listing.commit, listing.weight
        )
        return Known(
            walk(place.url, context.settings, "file", resolve, in_time(context.ends, _PATIENCE))
        )
    except QtuneError as error:
        return unknown(error)
    except ValueError:
        return Unknown("http", f"{source.name} sends to an address that is none")
