"""Can the hub be reached, and does the hub answer?"""

from __future__ import annotations

from urllib.parse import quote

from qtune.core.secret import redact
from qtune.core.sources import Source
from qtune.core.wire.lookup import Resolver, system_resolver
from qtune.doctor.context import Context
from qtune.doctor.facts import Facts, Known, Reach, Unknown
from qtune.doctor.probes.patience import PATIENCE, Patience, in_time
from qtune.doctor.probes.road import walk


def probe(
    context: Context,
    source: Source,
    seen: Facts,
    resolve: Resolver = system_resolver,
    patience: Patience = PATIENCE,
) -> Known[Reach] | Unknown:
    try:
        url, waits = address(source, context.goal.model), in_time(context.ends, patience)
        return Known(walk(url, context.settings, "hub", resolve, waits))
    except ValueError:
        return Unknown("dns", f"{redact(source.endpoint)} is not an address")


def address(source: Source, model: str) -> str:
    """What the hub knows of the model: a small answer in JSON, whether or not it may be seen."""
    api = "/api/v1/models/" if source.kind == "modelscope" else "/api/models/"
    return source.endpoint + api + quote(model, safe="/")
