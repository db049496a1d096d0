"""May the files be read with these credentials? Asked as a download would: for a real file."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import urlsplit

from qtune.core.errors import Nonsense, QtuneError
from qtune.core.hub.answers import REDIRECTS, is_html, redirect_target
from qtune.core.hub.follow import follow
from qtune.core.hub.interface import Access, AccessState
from qtune.core.hub.names import quoted, quoted_revision
from qtune.core.sources import Source
from qtune.core.trust import is_official
from qtune.doctor.context import Context
from qtune.doctor.facts import Facts, Gate, Known, Relay, Unknown, known
from qtune.doctor.probes.asking import hub_of, unknown

_SECONDS = 4  # for each of two requests


def probe(context: Context, source: Source, seen: Facts) -> Known[Gate] | Unknown:
    listing = known(seen.listing.get(source.name))
    path = listing.weight if listing is not None else None
    hub = hub_of(context, source, _SECONDS)
    wanted = path or "config.json"
    try:
        access = hub.access(context.goal.model, context.goal.revision, path)
    except QtuneError as error:
        relayed = _relayed(context, source, wanted) if isinstance(error, Nonsense) else None
        return Known(relayed) if relayed is not None else unknown(error)
    gate = Gate(access, wanted, hub.rate_limit)
    if access.state is AccessState.UNCLEAR and access.status in REDIRECTS:
        # A mirror need not know auth-check; what counts is whether it serves the file.
        relayed = _relayed(context, source, wanted)
        gate = gate if relayed is None else replace(relayed, rate_limit=hub.rate_limit)
    return Known(gate)


def _relayed(context: Context, source: Source, path: str) -> Gate | None:
    """What an address that is not the hub's own does with a request for a file, asked without a token."""
    if source.kind == "modelscope" or is_official("huggingface", source.endpoint):
        return None
    revision = quoted_revision(context.goal.revision or "main")
    url = f"{source.endpoint}/{context.goal.model}/resolve/{revision}/{quoted(path)}"
    try:
        reply = follow(context.client, "HEAD", url, lambda target: {}, _SECONDS, source)
    except QtuneError:
        return None
    target = redirect_target(reply.status, reply.headers, reply.url)
    served = reply.status == 200 or target is not None
    if not served or (target is None and is_html(reply.headers)):
        return None  # a page to sign in at, or a refusal: others speak of those
    if "x-repo-commit" in reply.headers:
        return Gate(Access(AccessState.GRANTED, reply.status), path)
    host = urlsplit(target).hostname or "" if target is not None else ""
    relay = Relay(reply.status, host)
    return Gate(Access(AccessState.UNCLEAR, reply.status), path, relay=relay)
